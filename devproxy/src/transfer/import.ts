import { createHash } from "node:crypto";
import { describePush, factsOf } from "airudder-webhooks/inspect";
import { type DeliveryHead, JournalError, type MarkHead, type PushHead } from "airudder-webhooks/journal";
import { DevproxyError } from "../errors.js";
import { sendableHeaders } from "../http/index.js";
import { ACKNOWLEDGED, GIVEN_UP, type Row, type Store } from "../journal/index.js";
import { pushCount } from "../report/index.js";
import { isHeaderMap, withLowerCaseNames } from "./import-headers.js";
import { KnownRecords } from "./known-records.js";
import type { LeftOut, Tally } from "./left-out.js";
import type { SourceItem, SourcePush, SourceRecord } from "./source-item.js";

/** Maximum number of records that are appended at the same time, and maximum size of their bodies. They share one write. */
const MAX_BATCH = 500;
const MAX_BATCH_BYTES = 8 * 1024 * 1024;

/** Values of `source` that an imported push keeps. Any other, such as that of an inbox, becomes `import`. */
const KEPT_SOURCES: ReadonlySet<string> = new Set(["tunnel", "local", "trigger", "drill"]);

/** Marks that tell `listen` which pushes to deliver. They are not imported, because `listen` does not deliver imported pushes. */
const QUEUE_MARKS: ReadonlySet<string> = new Set([ACKNOWLEDGED, GIVEN_UP]);

const NOT_A_TIME = "the field at is not a time";
const MALFORMED_HEADERS = "the headers are malformed";

/** Options of {@link importPushes}. */
export interface ImportOptions {
  /** Key of `Sign`. Default: the vendor's published key. */
  key: string | undefined;
  /** Receives what is left out. */
  leftOut: LeftOut;
  /** Receives what differs from the source. */
  changes: Tally;
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
  /** Deliveries and marks of such pushes that the journal lacked. */
  completed: number;
  /** Imported pushes that were exported redacted. */
  redacted: number;
  /** Numbers of the first and the last imported push; absent if none was imported. */
  seqs?: { first: number; last: number };
}

/**
 * Appends pushes to a journal, with their time, headers and exact bytes. Describes each push again: type, signature, drift and ids.
 *
 * Skips a push that is in the journal already. If an earlier import was incomplete, appends the deliveries and marks that the push lacks.
 * Another push with the same id gets a new id.
 * @throws JournalError `journal_unwritable`, `journal_locked`; DevproxyError `import_incomplete`, if pushes were imported before the failure
 */
export async function importPushes(
  items: AsyncIterable<SourceItem>,
  store: Store,
  options: ImportOptions,
): Promise<ImportSummary> {
  const run = new ImportRun(store, options);
  try {
    for await (const item of items) {
      if (options.signal?.aborted) break;
      await run.add(item);
    }
    await run.flush();
  } catch (error) {
    // Waits for the records that are being appended, so that their number is known.
    await run.flush().catch(() => undefined);
    throw incompleteError(error as Error, run.summary);
  }
  return run.summary;
}

function incompleteError(error: Error, { imported, completed }: ImportSummary): Error {
  if (imported + completed === 0) return error;
  const were = imported === 1 ? "was" : "were";
  const reason = error.message.replace(/[^.]$/, "$&.");
  const message = `${reason} Before that, ${pushCount(imported)} ${were} imported. Run the import again to complete it.`;
  const exit = error instanceof DevproxyError ? error.exit : error instanceof JournalError ? 3 : 1;
  return new DevproxyError("import_incomplete", message, exit, { cause: error });
}

/** Where the records of a push in the source belong. */
interface Destination {
  /** Id of the push in the journal. */
  id: string;
  /** What the journal contains about the push. Absent for a push that this import appended. */
  known?: KnownRecords;
}

class ImportRun {
  readonly summary: ImportSummary = { imported: 0, alreadyRecorded: 0, completed: 0, redacted: 0 };
  readonly #store: Store;
  readonly #options: ImportOptions;
  /** By id in the source. `undefined` for a push whose records are skipped. */
  readonly #destinations = new Map<string, Destination | undefined>();
  readonly #ownIds = new OwnIds();
  #batch: Promise<void>[] = [];
  #bytes = 0;
  /** The pushes that the records of the batch belong to. */
  readonly #inBatch = new Set<string>();
  #failure: Error | undefined;
  #count = 0;

  constructor(store: Store, options: ImportOptions) {
    this.#store = store;
    this.#options = options;
  }

  async add(item: SourceItem): Promise<void> {
    if (item.kind === "push") await this.#addPush(item);
    else await this.#addRecord(item);
  }

  /** Resolves when all records are on disk. */
  async flush(): Promise<void> {
    await Promise.all(this.#batch);
    this.#batch = [];
    this.#bytes = 0;
    this.#inBatch.clear();
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #addPush(item: SourcePush): Promise<void> {
    const { key, leftOut, changes, onProgress } = this.#options;
    const { place } = item;
    onProgress?.(++this.#count);
    if (!isHeaderMap(item.content.headers)) return leftOut.add(MALFORMED_HEADERS, place);
    const at = item.head.at === undefined ? new Date().toISOString() : timeOf(item.head.at);
    if (at === undefined) return leftOut.add(NOT_A_TIME, place);
    const content = { ...item.content, headers: withLowerCaseNames(item.content.headers) };
    const head = headOf({ ...item, content }, at, key, this.#ownIds);
    const sourceId = item.head.id ?? head.id;
    let recorded = await this.#find(head.id);
    const isOther = recorded !== undefined && recorded.push.sha256 !== head.sha256;
    if (isOther && head.redacted && recorded?.push.redacted !== true) {
      this.#destinations.set(sourceId, undefined);
      return leftOut.add("the journal contains a push with this id that is not redacted", place);
    }
    if (isOther) {
      head.id = otherId(head);
      recorded = await this.#find(head.id);
    }
    this.#destinations.set(sourceId, recorded === undefined ? { id: head.id } : destinationIn(recorded, head));
    if (recorded !== undefined) {
      this.summary.alreadyRecorded++;
      return;
    }
    if (isOther) changes.add("imported with a new id, because another push in the journal has the same id", place);
    const { headers } = content;
    if (Object.keys(sendableHeaders(headers)).length < Object.keys(headers).length)
      changes.add("imported with headers that HTTP does not allow, and that a replay does not send", place);
    await this.#append(head, content);
  }

  async #addRecord({ head, content, place }: SourceRecord): Promise<void> {
    const { leftOut } = this.#options;
    if (head.kind === "mark" && QUEUE_MARKS.has(head.state)) return;
    if (!this.#destinations.has(head.push))
      return leftOut.add("the record belongs to a push that is not in the source", place);
    const destination = this.#destinations.get(head.push);
    if (destination === undefined) return;
    const at = timeOf(head.at);
    if (at === undefined) return leftOut.add(NOT_A_TIME, place);
    if (content !== undefined && !isHeaderMap(content.headers)) return leftOut.add(MALFORMED_HEADERS, place);
    const record = { ...head, at, push: destination.id };
    if (isTooDeep(record)) return leftOut.add("the record is nested too deeply", place);
    if (destination.known?.remove(record)) return;
    await this.#append(
      record,
      content && { ...content, headers: withLowerCaseNames(content.headers) },
      destination.known !== undefined,
    );
  }

  /** The recorded push with an id, with its deliveries and marks. */
  async #find(id: string): Promise<Row | undefined> {
    if (this.#inBatch.has(id)) await this.flush();
    return this.#store.index.byId(id);
  }

  async #append(
    head: Parameters<Store["record"]>[0],
    content: Parameters<Store["record"]>[1],
    isCompletion = false,
  ): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const { summary } = this;
    this.#inBatch.add(head.kind === "push" ? head.id : head.push);
    const done = this.#store.record(head, content).then(
      ({ head: recorded }) => {
        if (isCompletion) summary.completed++;
        if (recorded.kind !== "push") return;
        summary.imported++;
        if (recorded.redacted) summary.redacted++;
        summary.seqs = { first: summary.seqs?.first ?? recorded.seq, last: recorded.seq };
      },
      (error: Error) => {
        this.#failure ??= error;
      },
    );
    this.#batch.push(done);
    this.#bytes += content?.body.length ?? 0;
    if (this.#batch.length >= MAX_BATCH || this.#bytes >= MAX_BATCH_BYTES) await this.flush();
  }
}

/**
 * Where the records of a push belong that the journal already contains. `undefined` if the journal itself is the source of its deliveries: it
 * received the push, or its deliveries are redacted in one of the two only.
 */
function destinationIn(row: Row, { redacted = false }: Omit<PushHead, "seq">): Destination | undefined {
  const { push } = row;
  if (push.imported !== true || (push.redacted ?? false) !== redacted) return undefined;
  return { id: push.id, known: new KnownRecords(row) };
}

/** The head of an imported push. */
function headOf(
  { head, content }: SourcePush,
  at: string,
  key: string | undefined,
  ownIds: OwnIds,
): Omit<PushHead, "seq"> {
  const { headers, body } = content;
  const { method = "POST", url = "/", source = "", type, replay } = head;
  const description = describePush(body, headers, {
    ...(key === undefined ? {} : { key }),
    ...(type === undefined ? {} : { type }),
  });
  return {
    kind: "push",
    id: head.id !== undefined && /^[\w-]{1,64}$/.test(head.id) ? head.id : ownIds.idOf({ at, url, body }),
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
    return formatId(at, `${push}\0${count}`);
  }
}

/** The id of a push whose own id another push has. It is the same in each import, so that a second import skips the push. */
function otherId({ at, id, sha256 }: Omit<PushHead, "seq">): string {
  return formatId(at, `${id}\0${sha256}`);
}

function formatId(at: string, text: string): string {
  const digest = createHash("sha256").update(text).digest("hex");
  const time = Math.max(0, Date.parse(at)).toString(36).padStart(9, "0");
  return `${time}${digest.slice(0, 4)}${digest.slice(4, 16)}`;
}

/** A time as records contain it: ISO 8601, UTC. `undefined` if the text is not an ISO time. */
function timeOf(text: string): string | undefined {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}

/** Whether a record cannot be written, because an unknown field of it is nested too deeply. */
function isTooDeep(head: DeliveryHead | MarkHead): boolean {
  try {
    JSON.stringify(head);
    return false;
  } catch (error) {
    if (error instanceof RangeError) return true;
    throw error;
  }
}
