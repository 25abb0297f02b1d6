import { filterRows, type Row } from "../journal/index.js";
import { rowJson } from "../report/index.js";
import type { ApiContext } from "./context.js";
import type { Match, PushTable } from "./push-table.js";
import type { ApiRequest } from "./request.js";
import type { CopyOf, PushesResponse, PushRow } from "./types.js";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 500;
/** Number of pushes whose bodies the first step searches. Each step doubles it, because most texts are found in the newest pushes. */
const FIRST_SEARCHED = 2_000;

/** `GET /pushes` */
export async function listPushes(request: ApiRequest): Promise<PushesResponse> {
  const { context, filters } = request;
  const { store, table } = context;
  const limit = request.number("limit", 1, MAX_LIMIT) ?? DEFAULT_LIMIT;
  const before = request.number("before", 0, Number.MAX_SAFE_INTEGER) ?? Number.POSITIVE_INFINITY;
  const after = request.number("after", 0, Number.MAX_SAFE_INTEGER) ?? 0;
  await table.update();
  const match = await table.match(filters);
  const { text } = filters;
  const page =
    text === undefined
      ? matchingRows(context, match, { before, after, max: limit + 1 })
      : await rowsContaining(context, match, text, { before, after, max: limit + 1 });
  const rows = page.slice(0, limit);
  return {
    pushes: await pushRows(request, rows),
    next: page.length > limit ? (rows.at(-1) as Row).push.seq : null,
    matching: text === undefined ? countMatches(table, match) : countAll(page, { before, after, limit }),
    total: store.index.rows.length,
  };
}

/** Which part of the matching pushes to return. */
interface Part {
  before: number;
  after: number;
  max: number;
}

/** The newest matching rows, newest first. */
function matchingRows({ table, store }: ApiContext, match: Match | undefined, { before, after, max }: Part): Row[] {
  const rows: Row[] = [];
  for (let at = table.firstAt(before) - 1; at >= 0 && rows.length < max && table.seq(at) > after; at--) {
    if (match !== undefined && !match(at)) continue;
    const row = store.index.bySeq(table.seq(at));
    if (row !== undefined) rows.push(row);
  }
  return rows;
}

/** The newest matching rows whose body contains a text, newest first. Searches older pushes only until there are enough rows. */
async function rowsContaining(
  context: ApiContext,
  match: Match | undefined,
  text: string,
  { before, after, max }: Part,
): Promise<Row[]> {
  const found: Row[] = [];
  let searched = FIRST_SEARCHED;
  for (let end = before; found.length < max; searched *= 2) {
    const part = matchingRows(context, match, { before: end, after, max: searched });
    const containing = await filterRows(context.store, part.toReversed(), { text }, max - found.length);
    found.push(...containing.reverse());
    if (part.length < searched) break;
    end = (part.at(-1) as Row).push.seq;
  }
  return found;
}

function countMatches(table: PushTable, match: Match | undefined): number {
  if (match === undefined) return table.count;
  let count = 0;
  for (let at = 0; at < table.count; at++) if (match(at)) count++;
  return count;
}

/** The number of matches of a text, if the page contains all of them. */
function countAll(
  page: readonly Row[],
  { before, after, limit }: Omit<Part, "max"> & { limit: number },
): number | null {
  return before === Number.POSITIVE_INFINITY && after === 0 && page.length <= limit ? page.length : null;
}

/** Rows as the API returns them. */
async function pushRows({ context, redactor }: ApiRequest, rows: readonly Row[]): Promise<PushRow[]> {
  const copies = copiesOf(context.table, rows);
  return Promise.all(
    rows.map(async (row) => {
      const copy = copies.get(row.push.seq);
      const json = (await rowJson(context.store, row, redactor)) as PushRow;
      return copy === undefined ? json : { ...json, copy };
    }),
  );
}

/** Which pushes have the same bytes as others of their subject, by number. One scan of the table for all of them. */
export function copiesOf(table: PushTable, rows: readonly Row[]): Map<number, CopyOf> {
  const wanted = new Map<number, CopyOf>();
  /** For each hash of wanted bytes, the number of pushes of each subject. */
  const counts = new Map<number, Map<number, number>>();
  for (const { push } of rows) {
    const at = table.positionOf(push.seq);
    if (at === undefined) continue;
    wanted.set(at, { index: 0, count: 0 });
    counts.set(table.bytes.get(at), new Map());
  }
  if (wanted.size === 0) return wanted;
  for (let at = 0; at < table.count; at++) {
    const bySubject = counts.get(table.bytes.get(at));
    if (bySubject === undefined) continue;
    const subject = table.subject.get(at);
    const index = (bySubject.get(subject) ?? 0) + 1;
    bySubject.set(subject, index);
    const copy = wanted.get(at);
    if (copy !== undefined) copy.index = index;
  }
  const copies = new Map<number, CopyOf>();
  for (const [at, { index }] of wanted) {
    const count = counts.get(table.bytes.get(at))?.get(table.subject.get(at)) ?? 1;
    if (count > 1) copies.set(table.seq(at), { index, count });
  }
  return copies;
}
