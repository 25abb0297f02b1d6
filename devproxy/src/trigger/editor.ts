import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jsonErrorPosition } from "../config/index.js";
import { DevproxyError, usageError } from "../errors.js";
import { isValidJson, JsonText } from "../privacy/index.js";

/**
 * Opens a JSON body in the user's editor: `$VISUAL` or `$EDITOR`, else `notepad` on Windows and `vi` elsewhere. The file is in a new folder
 * that only the user can read, and is removed afterwards.
 * @param name name of the file, without its extension
 * @returns the edited body on one line; the same bytes if nothing was changed
 * @throws DevproxyError `usage`, if the body is not JSON · `edit_aborted`, if the editor fails or the file is empty · `edit_not_json`, if the
 * edited text is not a JSON object; the file is kept then
 */
export async function editInEditor(name: string, body: Buffer, environment = process.env): Promise<Buffer> {
  const text = body.toString("utf8").replace(/^\ufeff/, "");
  if (!isValidJson(text)) throw usageError(`The body of ${name} is not JSON, so --edit cannot open it.`);
  const before = `${new JsonText(text).pretty()}\n`;
  const folder = await mkdtemp(join(tmpdir(), "airudder-edit-"));
  const path = join(folder, `${name.replace(/[^\w.-]/g, "")}.json`);
  let isKept = false;
  try {
    await writeFile(path, before, { mode: 0o600 });
    await runEditor(path, environment);
    const after = (await readFile(path, "utf8")).replace(/^\ufeff/, "");
    if (after.trim() === "") throw new DevproxyError("edit_aborted", "The file is empty: nothing was sent.", 1);
    if (after === before) return body;
    const problem = problemOf(after, path);
    if (problem === undefined) return Buffer.from(new JsonText(after).compact());
    isKept = true;
    const advice = "Nothing was sent. Correct the file, then send it with --file.";
    throw new DevproxyError("edit_not_json", `The edited body is not ${problem}. ${advice}`);
  } finally {
    if (!isKept) await rm(folder, { recursive: true, force: true });
  }
}

/** What a text is not, and where; `undefined` if it is a JSON object. */
function problemOf(text: string, path: string): string | undefined {
  const position = jsonErrorPosition(text);
  if (position !== undefined) return `JSON: see line ${position.line}, column ${position.column} of ${path}`;
  return text.trimStart().startsWith("{") ? undefined : `a JSON object: see ${path}`;
}

/**
 * Checks that an editor can be opened.
 * @param hasTerminal whether standard input and output are a terminal, which the default editor needs
 * @throws DevproxyError `usage`
 */
export function requireEditor({ hasTerminal }: { hasTerminal: boolean }, { VISUAL, EDITOR } = process.env): void {
  if (VISUAL || EDITOR || hasTerminal || process.platform === "win32") return;
  throw usageError("--edit needs a terminal, or an editor in VISUAL or EDITOR.");
}

/** Runs the editor until it is closed. Its command may have arguments, such as `code --wait`. */
async function runEditor(path: string, { VISUAL, EDITOR }: NodeJS.ProcessEnv): Promise<void> {
  const isWindows = process.platform === "win32";
  const editor = VISUAL || EDITOR || (isWindows ? "notepad" : "vi");
  const child = isWindows
    ? spawn(`${editor} "${path}"`, { shell: true, stdio: "inherit" })
    : spawn("sh", ["-c", `${editor} "$1"`, "sh", path], { stdio: "inherit" });
  // The editor receives Ctrl+C too, and decides what it means.
  const ignore = () => undefined;
  process.on("SIGINT", ignore);
  const [code, signal] = await once(child, "close").finally(() => process.off("SIGINT", ignore));
  if (code === 0) return;
  const how = code === null ? `was ended by ${signal}` : `ended with exit code ${code}`;
  const hint = code === 127 || code === 9009 ? " Set EDITOR to a program that exists." : "";
  throw new DevproxyError("edit_aborted", `The editor (${editor}) ${how}: nothing was sent.${hint}`, 1);
}
