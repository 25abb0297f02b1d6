import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { DevproxyError } from "../errors.js";
import { openSnapshot, type Reader } from "../journal/store.js";
import { Screen } from "../report/screen.js";

/** Where a command reads and writes. */
export interface Context {
  out: Screen;
  err: Screen;
}

export function makeContext(): Context {
  return { out: new Screen(process.stdout), err: new Screen(process.stderr) };
}

/**
 * The folder of a journal that must be there already.
 * @throws DevproxyError `no_journal`
 */
export async function existingFolder(journal: string): Promise<string> {
  const dir = resolve(journal);
  const found = await stat(dir).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) {
    const why = found.code === "ENOENT" ? "does not exist" : `cannot be read (${found.code})`;
    throw new DevproxyError(
      "no_journal",
      `The journal ${dir} ${why}. Start "airudder-devproxy listen" there, or give --journal.`,
      3,
    );
  }
  if (!found.isDirectory()) throw new DevproxyError("no_journal", `The journal ${dir} is not a folder.`, 3);
  return dir;
}

/** The journal as it is now, whoever writes it. Damage is told on standard error. */
export async function readFolder(journal: string, { err }: Context): Promise<Reader> {
  return openSnapshot(await existingFolder(journal), {
    onDamage: ({ segment, offset, reason }) =>
      err.line(`Segment ${segment} is damaged at byte ${offset}: ${reason}; that record is skipped.`),
  });
}
