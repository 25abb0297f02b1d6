import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The path of a program on this machine's PATH; `undefined` if it is not installed. */
export function findProgram(name: string): string | undefined {
  // On Windows, the file of a program has one of these extensions.
  const extensions = process.platform === "win32" ? (process.env.PATHEXT ?? ".EXE;.CMD;.BAT").split(";") : [""];
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const paths = folders.flatMap((folder) => extensions.map((extension) => join(folder, name + extension)));
  return paths.find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
