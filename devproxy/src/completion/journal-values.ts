import { resolve } from "node:path";
import { isTypeName } from "airudder-webhooks/inspect";
import { connectControl } from "../client/index.js";
import { deadRows } from "../dead/index.js";
import { newestRows, openSnapshot, type Row, statusOf } from "../journal/index.js";
import { Redactor } from "../privacy/index.js";
import { localTime } from "../report/index.js";
import { pinNames } from "../trigger/index.js";
import type { Candidate } from "./candidate.js";

const MAX_IDS = 50;

/** The ids of the newest pushes of a journal, newest first: `#12`, or `12` if the word starts with a digit. */
export async function pushIds(journal: string | undefined, word: string): Promise<Candidate[]> {
  if (journal === undefined) return [];
  const dir = resolve(journal);
  const control = await connectControl(dir).catch(() => undefined);
  const listing = await control?.list({ filters: {}, last: MAX_IDS });
  return idsOf(listing?.rows ?? (await newestRows(dir, MAX_IDS)), word);
}

/** The ids of the dead pushes of an inbox, and `all`. */
export async function deadIds(inbox: string | undefined, word: string): Promise<Candidate[]> {
  if (inbox === undefined) return [];
  const rows = deadRows((await openSnapshot(resolve(inbox))).index);
  return [{ value: "all" }, ...idsOf(rows.slice(-MAX_IDS), word)];
}

function idsOf(rows: readonly Row[], word: string): Candidate[] {
  const sign = /^\d/.test(word) ? "" : "#";
  return rows.toReversed().map((row) => {
    const { seq, type, at } = row.push;
    return {
      value: `${sign}${seq}`,
      description: [isTypeName(type) ? type : "", statusOf(row), localTime(at)]
        .filter((text) => text !== "")
        .join(", "),
    };
  });
}

/** The pins of a journal, as `@NAME`. Names that may be personal are left out. */
export async function pinCandidates(journal: string | undefined): Promise<Candidate[]> {
  if (journal === undefined) return [];
  const redactor = new Redactor("", false);
  const names = await pinNames(resolve(journal)).catch(() => []);
  return names
    .filter((name) => redactor.text(name) === name)
    .map((name) => ({ value: `@${name}`, description: "pinned push" }));
}
