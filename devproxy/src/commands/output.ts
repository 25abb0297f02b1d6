import { Screen } from "../report/index.js";

/** Where a command prints: results to `out`, messages to `err`. */
export interface Output {
  out: Screen;
  err: Screen;
}

/** Where a command prints lines about problems that do not end it. */
export interface MessageOutput {
  err: Pick<Screen, "line">;
}

/** The standard output and the standard error of the process. */
export function makeOutput(): Output {
  return { out: new Screen(process.stdout), err: new Screen(process.stderr) };
}
