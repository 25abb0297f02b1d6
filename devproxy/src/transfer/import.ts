import { createHash } from "node:crypto";
import { describePush, factsOf } from "airudder-webhooks/inspect";
import type { HeaderMap, PushHead } from "airudder-webhooks/journal";
import { ACKNOWLEDGED, GIVEN_UP, type Store } from "../journal/index.js";
import type { LeftOut } from "./left-out.js";
import type { SourceItem, SourcePush, SourceRecord } from "./source-item.js";

/** Maximum number of records that are appended at the same time, and maximum size of their bodies. They share one write. */
const MAX_BATCH = 500;
const MAX_BATCH_BYTES = 8 * 1024 * 1024;

/** Values of `source` that an imported push keeps. Any other, such as that of an inbox, becomes `import`. */
const KEPT_SOURCES: ReadonlySet<string> = new Set(["tunnel", "local", "trigger", "drill"]);

/** Marks that tell `listen` which pushes to deliver. They are not imported, because `listen` does not deliver imported pushes. */
const QUEUE_MARKS: ReadonlySet<string> = new Set([ACKNOWLEDGED, GIVEN_UP]);

/** Options of {@link importPushes}. */
export interface ImportOptions {
  /** Key of `Sign`. Default: the vendor's published key. */
  key: string | undefined;
  /** Receives what is left out. */
  leftOut: LeftOut;
  /** Called after each push that was read, with the number so far. */
  onProgress?(count: number): void;
  /** Stops the import. What was imported stays. */
  signal?: AbortSignal;
}

/** Result of an import. */
export interface ImportSummary {
  imported: number;
  /** Pushes that the journal already contained. */
  alreadyRecorded: number;
  /** Imported pushes that were exported redacted. */
  redacted: number;
  /** Numbers of the first and the last imported push; absent if none was imported. */
  seqs?: { first: number; last: number };
}

/**
 * Appends pushes to a journal, with their time, headers and exact bytes. Describes each push again: type, signature, drift and ids. Skips a
 * push whose id is in the journal already.
 * @throws JournalError `journal_unwritable`, `journal_locked`
 */
export async function importPushes(
  items: AsyncIterable<SourceItem>,
  store: Store,
  { key, leftOut, onProgress, signal }: ImportOptions,
): Promise<ImportSummary> {
  const summary: ImportSummary = { imported: 0, alreadyRecorded: 0, redacted: 0 };
  /** Ids in the source, mapped to the ids in the journal; `undefined` for a push that is skipped. */
  const ids = new Map<string, string | undefined>();
  const own = new OwnIds();
  let batch: Promise<unknown>[] = [];
  let bytes = 0;
  const flush = async () => {
    const results = await Promise.allSettled(batch);
    batch = [];
    bytes = 0;
    for (const result of results) if (result.status === "rejected") throw result.reason;
  };
  const append = async (...[head, content]: Parameters<Store["record"]>) => {
    batch.push(store.record(head, content));
    bytes += content?.body.length ?? 0;
    if (batch.length >= MAX_BATCH || bytes >= MAX_BATCH_BYTES) await flush();
  };
  let count = 0;
  let firstId: string | undefined;
  let lastId: string | undefined;
  try {
    for await (const item of items) {
      if (signal?.aborted) break;
      if (item.kind === "record") {
        await appendRecord(item, ids, leftOut, append);
        continue;
      }
      onProgress?.(++count);
      if (!isHeaderMap(item.content.headers)) {
        leftOut.add("the headers are malformed", item.place);
        continue;
      }
      const head = headOf(item, key, own);
      const isRecorded = store.index.byId(head.id) !== undefined || ids.get(head.id) === head.id;
      ids.set(item.head.id ?? head.id, isRecorded ? ids.get(head.id) : head.id);
      if (isRecorded) {
        summary.alreadyRecorded++;
        continue;
      }
      summary.imported++;
      if (head.redacted) summary.redacted++;
      firstId ??= head.id;
      lastId = head.id;
      await append(head, item.content);
    }
  } finally {
    await flush();
  }
  const [first, last] = [firstId, lastId].map((id) => (id === undefined ? undefined : store.index.byId(id)?.push.seq));
  return first === undefined || last === undefined ? summary : { ...summary, seqs: { first, last } };
}

async function appendRecord(
  { head, content, place }: SourceRecord,
  ids: ReadonlyMap<string, string | undefined>,
  leftOut: LeftOut,
  append: (...args: Parameters<Store["record"]>) => Promise<void>,
): Promise<void> {
  if (head.kind === "mark" && QUEUE_MARKS.has(head.state)) return;
  if (!ids.has(head.push)) {
    leftOut.add("the record belongs to a push that is not in the source", place);
    return;
  }
  const push = ids.get(head.push);
  if (push !== undefined) await append({ ...head, push }, content);
}

/** The head of an imported push. */
function headOf({ head, content }: SourcePush, key: string | undefined, own: OwnIds): Omit<PushHead, "seq"> {
  const { headers, body } = content;
  const { at = new Date().toISOString(), method = "POST", url = "/", source = "", type, replay } = head;
  const description = describePush(body, headers, {
    ...(key === undefined ? {} : { key }),
    ...(type === undefined ? {} : { type }),
  });
  return {
    kind: "push",
    id: head.id !== undefined && /^[\w-]{1,64}$/.test(head.id) ? head.id : own.idOf({ at, url, body }),
    at,
    method,
    url,
    source: KEPT_SOURCES.has(source) ? source : "import",
    size: body.length,
    sha256: createHash("sha256").update(body).digest("hex"),
    ...factsOf({ ...description, drift: description.drift.length }),
    ...(head.reserialised ? { reserialised: true } : {}),
    ...(replay === undefined ? {} : { replay }),
    imported: true,
    ...(head.redacted ? { redacted: true } : {}),
  };
}

/** Ids for pushes whose source contains none. Equal pushes get equal ids in each import, so that a second import skips them. */
class OwnIds {
  readonly #counts = new Map<string, number>();

  /** In the format of other push ids: a time and hexadecimal digits. */
  idOf({ at, url, body }: { at: string; url: string; body: Buffer }): string {
    const push = createHash("sha256").update(`${at}\0${url}\0`).update(body).digest("hex");
    const count = this.#counts.get(push) ?? 0;
    this.#counts.set(push, count + 1);
    const digest = createHash("sha256").update(`${push}\0${count}`).digest("hex");
    const time = Math.max(0, Date.parse(at)).toString(36).padStart(9, "0");
    return `${time}${digest.slice(0, 4)}${digest.slice(4, 16)}`;
  }
}

function isHeaderMap(headers: unknown): headers is HeaderMap {
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) return false;
  return Object.values(headers).every(
    (value) => typeof value === "string" || (Array.isArray(value) && value.every((one) => typeof one === "string")),
  );
}
