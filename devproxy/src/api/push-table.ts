import { setImmediate } from "node:timers/promises";
import { SEARCH_KEYS, type SearchKey } from "airudder-webhooks/inspect";
import type { RecordEntry } from "airudder-webhooks/journal";
import { parseTimestamp } from "../config/index.js";
import { type Filters, type Row, type Status, type Store, seqOf, statusOf, testsOf } from "../journal/index.js";
import type { Redactor } from "../privacy/index.js";
import { bytes, Column, doubles, floats, hashOf, Words } from "./columns.js";

/** Time to work on the table before yielding to the event loop, ms. */
const SLICE_MS = 4;
/** Number of changed pushes after which the table is updated, even without a request. */
const MAX_DIRTY = 2_000;
/** The placeholder of an id, `<id:...>`. The brackets are optional. */
const PLACEHOLDER = /^<?(id:[0-9a-f]{12})>?$/;

/** Whether the push at a position matches. */
export type Match = (at: number) => boolean;

/**
 * What the API filters, counts and groups by, for every push: about 80 bytes each. The position of a push is that of its row in the index. A
 * request updates the table with what has changed since the last one, so that no request scans the journal.
 */
export class PushTable {
  /** Number of pushes in the table. */
  count = 0;
  /** Increases when pushes are removed, which moves all positions. */
  generation = 0;
  readonly at = new Column(doubles);
  readonly task = new Column(doubles);
  readonly call = new Column(doubles);
  readonly workflow = new Column(doubles);
  readonly subject = new Column(doubles);
  /** Hash of the bytes of the body. */
  readonly bytes = new Column(doubles);
  /** How long the app took in the last delivery that is not a replay, ms. NaN if it did not respond. */
  readonly ms = new Column(floats, Number.NaN);
  readonly #seq = new Column(doubles);
  readonly #type = new Column(bytes);
  readonly #status = new Column(bytes);
  readonly #columns = [
    this.at,
    this.task,
    this.call,
    this.workflow,
    this.subject,
    this.bytes,
    this.ms,
    this.#seq,
    this.#type,
    this.#status,
  ];
  readonly #types = new Words();
  readonly #statuses = new Words();
  /** Ids of pushes with new deliveries or marks. */
  readonly #dirty = new Set<string>();
  /** The hash of each id, by its placeholder, and the number of pushes that were searched for it. */
  readonly #placeholders = new Map<SearchKey, { hashes: Map<string, number>; searched: number }>();
  #updating: Promise<void> | undefined;
  readonly #onRecord = ({ head }: RecordEntry) => {
    if (head.kind === "push") return;
    this.#dirty.add(head.push);
    if (this.#dirty.size >= MAX_DIRTY) void this.update();
  };

  constructor(
    private readonly store: Store,
    private readonly redactor: Redactor,
  ) {
    store.listeners.add(this.#onRecord);
  }

  close(): void {
    this.store.listeners.delete(this.#onRecord);
  }

  /** Updates the table with the pushes, deliveries and marks since the last update. Yields to the event loop meanwhile. */
  async update(): Promise<void> {
    // A running update may already have processed a push that changed afterwards, so a new update follows.
    while (this.#updating !== undefined) await this.#updating;
    if (!this.#isStale()) return;
    this.#updating = this.#update().finally(() => {
      this.#updating = undefined;
    });
    await this.#updating;
  }

  #isStale(): boolean {
    return this.#dirty.size > 0 || this.count !== this.store.index.rows.length;
  }

  async #update(): Promise<void> {
    const { index } = this.store;
    this.#removeDropped();
    let sliceStart = performance.now();
    for (const id of this.#dirty) {
      const row = index.byId(id);
      const at = row === undefined ? undefined : this.positionOf(seqOf(row));
      if (row !== undefined && at !== undefined) this.#setResults(at, row);
      this.#dirty.delete(id);
      if (performance.now() - sliceStart < SLICE_MS) continue;
      await setImmediate();
      sliceStart = performance.now();
    }
    for (;;) {
      this.#removeDropped();
      const row = index.rows[this.count];
      if (row === undefined) return;
      this.#append(row);
      if (performance.now() - sliceStart < SLICE_MS) continue;
      await setImmediate();
      sliceStart = performance.now();
    }
  }

  /** Removes the pushes that are no longer in the index (`--keep`). */
  #removeDropped(): void {
    const { rows } = this.store.index;
    const isSame = (at: number) => rows[at] !== undefined && seqOf(rows[at] as Row) === this.seq(at);
    if (this.count === 0 || (isSame(0) && isSame(this.count - 1))) return;
    let kept = 0;
    for (let at = 0; at < this.count; at++) {
      const row = rows[kept];
      if (row === undefined || seqOf(row) !== this.seq(at)) continue;
      for (const column of this.#columns) column.move(at, kept);
      kept++;
    }
    for (const column of this.#columns) column.clearFrom(kept);
    this.count = kept;
    this.generation++;
    this.#placeholders.clear();
  }

  #append(row: Row): void {
    const { push } = row;
    const at = this.count;
    this.#seq.set(at, push.seq);
    this.at.set(at, Date.parse(push.at));
    this.task.set(at, hashOf(push.task));
    this.call.set(at, hashOf(push.call));
    this.workflow.set(at, hashOf(push.workflow));
    this.subject.set(at, hashOf(push.subject));
    this.bytes.set(at, hashOf(push.sha256));
    this.#type.set(at, this.#types.codeOf(push.type));
    this.#setResults(at, row);
    this.count++;
  }

  #setResults(at: number, row: Row): void {
    const last = row.deliveries.findLast(({ head }) => head.cause !== "replay" && head.status !== undefined);
    this.#status.set(at, this.#statuses.codeOf(statusOf(row)));
    this.ms.set(at, last === undefined ? Number.NaN : last.head.ms);
  }

  seq(at: number): number {
    return this.#seq.get(at);
  }

  type(at: number): string {
    return this.#types.wordOf(this.#type.get(at));
  }

  /** A number for the type, from 0. */
  typeCode(at: number): number {
    return this.#type.get(at);
  }

  status(at: number): Status {
    return this.#statuses.wordOf(this.#status.get(at)) as Status;
  }

  /** The position of the push with this number. */
  positionOf(seq: number): number | undefined {
    const at = this.firstAt(seq);
    return at < this.count && this.seq(at) === seq ? at : undefined;
  }

  /** The first position whose number is at least `seq`. */
  firstAt(seq: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.seq(middle) < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Returns a test for filters, without `text`. Call it after an update.
   * @throws DevproxyError `usage`
   */
  async match(filters: Filters): Promise<Match | undefined> {
    testsOf(filters);
    const { type, status, since, until } = filters;
    const now = Date.now();
    const tests: Match[] = [];
    if (type !== undefined) {
      const code = this.#types.codeOf(type);
      tests.push((at) => this.#type.get(at) === code);
    }
    if (status !== undefined) {
      const code = this.#statuses.codeOf(status);
      tests.push((at) => this.#status.get(at) === code);
    }
    for (const key of SEARCH_KEYS) {
      const value = filters[key];
      if (value === undefined) continue;
      const hash = (await this.#hashOfPlaceholder(key, value)) ?? hashOf(value);
      tests.push((at) => this[key].get(at) === hash);
    }
    if (since !== undefined) {
      const from = parseTimestamp(since, "since", now);
      tests.push((at) => this.at.get(at) >= from);
    }
    if (until !== undefined) {
      const to = parseTimestamp(until, "until", now);
      tests.push((at) => this.at.get(at) <= to);
    }
    return tests.length === 0 ? undefined : (at) => tests.every((test) => test(at));
  }

  /** The hash of the id that a placeholder stands for; `undefined` if the value is not a placeholder of a recorded id. */
  async #hashOfPlaceholder(key: SearchKey, value: string): Promise<number | undefined> {
    const placeholder = PLACEHOLDER.exec(value)?.[1];
    if (placeholder === undefined) return undefined;
    const known = this.#placeholders.get(key) ?? { hashes: new Map<string, number>(), searched: 0 };
    this.#placeholders.set(key, known);
    let last = 0;
    let sliceStart = performance.now();
    for (; known.searched < this.count; known.searched++) {
      const hash = this[key].get(known.searched);
      if (hash === 0 || hash === last) continue;
      last = hash;
      const id = this.store.index.bySeq(this.seq(known.searched))?.push[key];
      if (id !== undefined) known.hashes.set(this.redactor.id(id), hash);
      if (performance.now() - sliceStart < SLICE_MS) continue;
      await setImmediate();
      sliceStart = performance.now();
    }
    return known.hashes.get(`<${placeholder}>`);
  }
}
