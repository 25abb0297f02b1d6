import { type Program, runProgram } from "./run-program.js";

/** The program that opens a URL in the browser; `undefined` if there is no desktop. */
export function browserProgram(url: string, platform: NodeJS.Platform, env: NodeJS.ProcessEnv): Program | undefined {
  if (platform === "darwin") return { command: "open", args: [url] };
  // `start` is a command of cmd.exe, which would interpret some characters of the URL.
  if (platform === "win32") return { command: "rundll32", args: ["url.dll,FileProtocolHandler", url] };
  const hasDesktop = env.DISPLAY || env.WAYLAND_DISPLAY || env.WSL_DISTRO_NAME;
  return hasDesktop ? { command: "xdg-open", args: [url] } : undefined;
}

/** Opens a URL in the browser. @returns whether the program was found and did not report a failure */
export async function openInBrowser(url: string): Promise<boolean> {
  const program = browserProgram(url, process.platform, process.env);
  return program !== undefined && runProgram(program);
}
