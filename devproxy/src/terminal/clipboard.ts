import { type Program, runProgram } from "./run-program.js";

/** The programs that write the clipboard of this machine, in the order of preference. */
export function clipboardPrograms(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): Program[] {
  if (env.SSH_CONNECTION) return []; // the clipboard that the user needs is on another machine
  if (platform === "darwin") return [{ command: "pbcopy", args: [] }];
  if (platform === "win32") return [{ command: "clip", args: [] }];
  const programs: Program[] = [];
  if (env.WSL_DISTRO_NAME) programs.push({ command: "clip.exe", args: [] });
  if (env.WAYLAND_DISPLAY) programs.push({ command: "wl-copy", args: [] });
  if (env.DISPLAY) {
    programs.push({ command: "xclip", args: ["-selection", "clipboard"] });
    programs.push({ command: "xsel", args: ["--clipboard", "--input"] });
  }
  return programs;
}

/** The escape sequence that asks the terminal to write its clipboard, also through ssh. */
export function osc52(text: string): string {
  return `\u001b]52;c;${Buffer.from(text).toString("base64")}\u0007`;
}

/** Copies a text with a program of this machine. @returns its name, `undefined` if there is none or it failed */
export async function copyWithProgram(text: string): Promise<string | undefined> {
  for (const program of clipboardPrograms(process.platform, process.env))
    if (await runProgram(program, text)) return program.command;
  return undefined;
}
