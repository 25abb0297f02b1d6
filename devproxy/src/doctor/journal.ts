import { access, constants, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { readConfig } from "../config/index.js";
import { Store } from "../journal/index.js";
import { byteSize, pushCount } from "../report/index.js";
import { type Finding, failed, ok } from "./finding.js";

/** Whether the journal is writable, and its size. Does not create it. */
export async function checkJournal(dir: string): Promise<Finding> {
  const name = "journal";
  const found = await stat(dir).catch(() => undefined);
  if (found === undefined) return checkParent(dir);
  if (!found.isDirectory()) return failed(name, `${dir} is not a folder: give another one with --journal`);
  let damaged = 0;
  try {
    const store = await Store.open(dir, { onDamage: () => damaged++ });
    const size = store.segments().reduce((sum, { bytes }) => sum + bytes, 0);
    const count = store.index.rows.length;
    await store.close();
    const skips = damaged === 0 ? "" : `, ${damaged} damaged ${damaged === 1 ? "record is" : "records are"} skipped`;
    return ok(name, `${dir} is writable: ${pushCount(count)}, ${byteSize(size)}${skips}`);
  } catch (error) {
    return failed(name, (error as Error).message);
  }
}

async function checkParent(dir: string): Promise<Finding> {
  for (let parent = dirname(dir); ; parent = dirname(parent)) {
    const found = await stat(parent).catch(() => undefined);
    if (found === undefined && parent !== dirname(parent)) continue;
    return access(parent, constants.W_OK).then(
      () => ok("journal", `${dir} will be created at the first start`),
      () =>
        failed("journal", `${dir} cannot be created: ${parent} is not writable; give another folder with --journal`),
    );
  }
}

/** Whether the running listen can write its journal. */
export function listenJournalFinding(dir: string, pid: number | undefined, problem: string | undefined): Finding {
  const name = "journal";
  const who = `the running listen (process ${pid})`;
  if (problem === undefined) return ok(name, `${who} writes to ${dir}`);
  return failed(name, `${who} cannot write the journal and responds 503 to pushes: ${problem}`);
}

/** Whether the journal's config.json can be read. */
export async function checkConfig(dir: string): Promise<Finding> {
  try {
    const config = await readConfig(dir);
    return ok(
      "config",
      config === undefined
        ? "the journal's config.json will be created at the first start"
        : `the journal's config.json can be read; the name of the tunnel is ${config.subdomain}`,
    );
  } catch (error) {
    return failed("config", (error as Error).message);
  }
}
