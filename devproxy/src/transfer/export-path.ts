import { realpath, stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { listSegments, segmentNumber } from "airudder-webhooks/journal";
import { usageError } from "../errors.js";
import type { ExportFormat } from "./export.js";

/** The names of a journal's files that do not belong to a segment. */
const OTHER_FILES: ReadonlySet<string> = new Set(["config.json", "listen.json", "lock", ".gitignore"]);

/**
 * Checks that an export does not write to a journal.
 * @param out as given with `--out`
 * @param journal the folder that is exported
 * @throws DevproxyError `usage`, if `out` is in this folder, or is a file of another journal
 */
export async function checkExportPath(out: string, journal: string, format: ExportFormat): Promise<void> {
  const path = await resolved(out);
  if (await isInside(path, journal))
    throw usageError(`--out ${out} is in the journal ${journal}, which is exported. Give a path outside it.`);
  const isFolder = format === "curl";
  const folder = isFolder ? path : dirname(path);
  if (!isFolder && !isJournalFile(basename(path))) return;
  // A folder that does not exist, or cannot be listed, is no journal.
  const segments = await listSegments(folder).catch(() => []);
  if (segments.length > 0)
    throw usageError(
      `--out ${out} would change the journal ${folder}. Give another path; to add pushes to a journal, use import.`,
    );
}

/** Whether a file of a journal can have this name. */
function isJournalFile(name: string): boolean {
  const extension = name.slice(name.indexOf("."));
  return OTHER_FILES.has(name) || segmentNumber(name, extension) !== undefined;
}

/** The path without symbolic links. Of a path that does not exist, the part that does. */
async function resolved(path: string): Promise<string> {
  const whole = resolve(path);
  const real = await realpath(whole).catch(() => undefined);
  if (real !== undefined) return real;
  const parent = dirname(whole);
  return parent === whole ? whole : resolve(await resolved(parent), basename(whole));
}

/** Whether a path is a folder or in it. Compares the identity of folders, because names may differ in letter case. */
async function isInside(path: string, folder: string): Promise<boolean> {
  const identity = await identityOf(folder);
  for (let at = path; ; at = dirname(at)) {
    if (identity !== undefined && (await identityOf(at)) === identity) return true;
    if (at === dirname(at)) return false;
  }
}

async function identityOf(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found && `${found.dev}:${found.ino}`;
}
