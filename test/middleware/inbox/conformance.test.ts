import assert from "node:assert/strict";
import { cpSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileInbox } from "airudder-webhooks";
import type { AttemptResult, Consumer, InboxEvents, StoredPush } from "airudder-webhooks/inbox";
import { type ConformanceOptions, inboxConformance } from "airudder-webhooks/testing";
import { makeFolder } from "../../helpers/folder.js";
import { MemoryInbox, type Row } from "../../helpers/memory-inbox.js";
import {
  MemoryStorage,
  type MemoryTransaction,
  SharedMemoryInbox,
  type Row as SharedRow,
} from "../../helpers/shared-memory-inbox.js";

type InboxClass = new (storage: MemoryStorage) => SharedMemoryInbox;

function optionsOf(Class: InboxClass): ConformanceOptions<MemoryTransaction> {
  let storage = new MemoryStorage();
  return {
    make(keepStorage) {
      if (!keepStorage) storage = new MemoryStorage();
      return new Class(storage);
    },
    crash(inbox) {
      (inbox as SharedMemoryInbox).isGone = true;
    },
    effects: { write: (transaction, text) => transaction.push(text), read: () => storage.effects },
  };
}

describe("each inbox", { concurrency: true }, () => {
  test("an inbox that consists of Attempts and Scheduler follows every rule", async (t) => {
    let rows = new Map<string, Row>();
    const make = (keepStorage: boolean) => {
      if (!keepStorage) rows = new Map();
      return new MemoryInbox(rows);
    };
    const crash = () => {
      rows = new Map([...rows].map(([id, row]) => [id, { ...row }]));
    };
    for (const { name, run } of inboxConformance({ make, crash })) await t.test(name, run);
  });

  test("an inbox with every capability and function follows every rule", async (t) => {
    for (const { name, run } of inboxConformance(optionsOf(SharedMemoryInbox))) await t.test(name, run);
  });

  test("a file inbox follows every rule", async (t) => {
    const root = makeFolder(t);
    let folder = "";
    const next = () => mkdtempSync(join(root, "inbox-"));
    const make = (keepStorage: boolean) => {
      if (!keepStorage) folder = next();
      return fileInbox(folder, { retryMs: 10 });
    };
    /** The next inbox opens a copy without the lock, as if the process that holds the lock had ended. */
    const crash = (inbox: { close(limitMs: number): Promise<void> }) => {
      const copy = next();
      cpSync(folder, copy, { recursive: true, filter: (path) => path === folder || path.endsWith(".ndjson") });
      folder = copy;
      return inbox.close(0);
    };
    for (const { name, run } of inboxConformance({ make, crash })) await t.test(name, run);
  });
});

const failed = (error: unknown): AttemptResult => ({ state: "failed", error, message: "failed", delayMs: 1 });

/** Inboxes that break a rule: the rule, what they do, and how the suite says so. */
const broken: [rule: string, what: string, message: RegExp, Class: InboxClass][] = [
  [
    "a stored push is passed to the consumer with the exact bytes",
    "drops pushes",
    /Expected: the push is passed to the consumer/,
    class extends SharedMemoryInbox {
      override add(): void {}
    },
  ],
  [
    "a stored push is passed to the consumer with the exact bytes",
    "changes the id",
    /another id or other bytes/,
    class extends SharedMemoryInbox {
      override add(push: StoredPush): void {
        super.add({ ...push, id: `${push.id}x` });
      }
    },
  ],
  [
    "a stored push is passed to the consumer with the exact bytes",
    "stores bytes as text",
    /another id or other bytes/,
    class extends SharedMemoryInbox {
      override add(push: StoredPush): void {
        super.add({ ...push, body: Buffer.from(push.body.toString()) });
      }
    },
  ],
  [
    "a stored push is passed to the consumer with the exact bytes",
    "does not say what put() did",
    /put\(\) of a new push resolved to undefined/,
    class extends SharedMemoryInbox {
      override async put(push: StoredPush): Promise<never> {
        await super.put(push);
        return undefined as never;
      }
    },
  ],
  [
    "pushes are stored without a consumer, and handled by the next inbox with all their fields",
    "forgets everything at close()",
    /Expected: the stored push is passed to the consumer/,
    class extends SharedMemoryInbox {
      override async close(limitMs: number): Promise<void> {
        await super.close(limitMs);
        this.storage.rows = [];
      }
    },
  ],
  [
    "pushes are stored without a consumer, and handled by the next inbox with all their fields",
    "does not store whether the signature was correct",
    /Fields that changed: verified/,
    class extends SharedMemoryInbox {
      override add(push: StoredPush): void {
        super.add({ ...push, verified: false });
      }
    },
  ],
  [
    "open() of an inbox that is open changes nothing",
    "starts again at each open()",
    /Handled: 1,1,2/,
    class extends SharedMemoryInbox {
      override async open(events: InboxEvents): Promise<void> {
        await super.open(events);
        for (const row of this.storage.rows) row.state = "waiting";
      }
    },
  ],
  [
    "pushes that are stored in parallel are passed to the consumer once each",
    "loses a push that arrives while another is written",
    /Expected: 40 pushes are handled/,
    class extends SharedMemoryInbox {
      #written = 0;
      override async put(push: StoredPush): Promise<"stored" | "duplicate"> {
        const before = this.#written;
        await new Promise(setImmediate);
        if (before < this.#written) return "stored";
        this.#written++;
        return super.put(push);
      }
    },
  ],
  [
    "stored pushes are reported as recovered before open() resolves, unless put() detects duplicates",
    "reports no recovered pushes",
    /Recovered: none/,
    class extends SharedMemoryInbox {
      override readonly detectsDuplicates: boolean = false;
    },
  ],
  [
    "a push that the consumer ignores is finished",
    "retries ignored pushes",
    /Passed to the consumer: ignored,ignored/,
    class extends SharedMemoryInbox {
      override record(row: SharedRow, result: AttemptResult, transaction: MemoryTransaction): void {
        super.record(row, result.state === "ignored" ? failed(undefined) : result, transaction);
      }
    },
  ],
  [
    "a failed push is passed to the consumer again with a higher attempt, and each failure is reported",
    "never retries",
    /Expected: three attempts/,
    class extends SharedMemoryInbox {
      override record(row: SharedRow, result: AttemptResult, transaction: MemoryTransaction): void {
        super.record(row, result.state === "failed" ? { state: "handled" } : result, transaction);
      }
    },
  ],
  [
    "a failed push is passed to the consumer again with a higher attempt, and each failure is reported",
    "repeats the number of the attempt",
    /Attempts: 1,1,1/,
    class extends SharedMemoryInbox {
      override record(row: SharedRow, result: AttemptResult, transaction: MemoryTransaction): void {
        super.record(row, result, transaction);
        row.failures = 0;
      }
    },
  ],
  [
    "a failed push is passed to the consumer again with a higher attempt, and each failure is reported",
    "reports no failures",
    /Attempts reported as failed: none\. Expected: 1 not yet,2 not yet/,
    class extends SharedMemoryInbox {
      override open(events: InboxEvents): Promise<void> {
        return super.open({ ...events, failed: () => undefined });
      }
    },
  ],
  [
    "a quarantined push is not retried, and not reported as failed or dead",
    "retries quarantined pushes",
    /A quarantined push was passed to the consumer \d+ times/,
    class extends SharedMemoryInbox {
      override record(row: SharedRow, result: AttemptResult, transaction: MemoryTransaction): void {
        super.record(row, result.state === "quarantined" ? failed(result.error) : result, transaction);
      }
    },
  ],
  [
    "a quarantined push is not retried, and not reported as failed or dead",
    "reports quarantined pushes as dead",
    /A quarantined push was reported as dead/,
    class extends SharedMemoryInbox {
      override record(row: SharedRow, result: AttemptResult, transaction: MemoryTransaction): void {
        super.record(row, result, transaction);
        if (result.state === "quarantined") this.events?.dead(row.push, 1, result.error);
      }
    },
  ],
  [
    "a push whose attempts all fail is reported as dead once, and not passed again, also not by the next inbox",
    "retries dead pushes",
    /Expected: the later push of its subject is handled/,
    class extends SharedMemoryInbox {
      override record(row: SharedRow, result: AttemptResult, transaction: MemoryTransaction): void {
        super.record(row, result.state === "dead" ? failed(result.error) : result, transaction);
      }
    },
  ],
  [
    "a push whose attempts all fail is reported as dead once, and not passed again, also not by the next inbox",
    "passes dead pushes again after a restart",
    /Passed to the next consumer: dead/,
    class extends SharedMemoryInbox {
      override async open(events: InboxEvents): Promise<void> {
        for (const row of this.storage.rows) if (row.state === "dead") row.state = "waiting";
        await super.open(events);
      }
    },
  ],
  [
    "a failing push does not delay the pushes of other subjects",
    "makes no attempt while an older push is unfinished",
    /A failing push delayed the push of another subject/,
    class extends SharedMemoryInbox {
      override next(): SharedRow | undefined {
        const oldest = this.storage.rows.find(({ state }) => state === "waiting");
        const next = super.next();
        return next === oldest ? next : undefined;
      }
    },
  ],
  [
    "pushes of one subject are passed to the consumer one at a time, in order; without `order`: once each",
    "does not know subjects",
    /two in parallel/,
    class extends SharedMemoryInbox {
      override add(push: StoredPush): void {
        super.add({ ...push, subject: undefined });
      }
    },
  ],
  [
    "pushes of one subject are passed to the consumer one at a time, in order; without `order`: once each",
    "passes the newest push first",
    /Handled 1,4,3,2/,
    class extends SharedMemoryInbox {
      override add(push: StoredPush): void {
        super.add(push);
        const [first, ...others] = this.storage.rows;
        if (first) this.storage.rows = [first, ...others.sort((a, b) => (a.push.id < b.push.id ? 1 : -1))];
      }
    },
  ],
  [
    "the next inbox keeps the order of the pushes of one subject; without `order`: passes each once",
    "reads its storage backwards",
    /Order: odd 11,odd 09/,
    class extends SharedMemoryInbox {
      override async open(events: InboxEvents): Promise<void> {
        this.storage.rows.reverse();
        await super.open(events);
      }
    },
  ],
  [
    "dead() lists dead and quarantined pushes, also in the next inbox",
    "does not list quarantined pushes",
    /Expected: dead\(\) lists 2 pushes/,
    class extends SharedMemoryInbox {
      override async dead(id?: string) {
        return (await super.dead(id)).filter(({ state }) => state === "dead");
      }
    },
  ],
  [
    "dead() lists dead and quarantined pushes, also in the next inbox",
    "does not count the attempts",
    /dead\(\) lists: .* 0\. Expected: .* 4\./,
    class extends SharedMemoryInbox {
      override async dead(id?: string) {
        return (await super.dead(id)).map((each) => ({ ...each, attempts: 0 }));
      }
    },
  ],
  [
    "dead() lists dead and quarantined pushes, also in the next inbox",
    "lists all for an id",
    /dead\(id\): .*,/,
    class extends SharedMemoryInbox {
      override dead() {
        return super.dead();
      }
    },
  ],
  [
    "retry() passes a dead or quarantined push to the consumer again, with attempts from 1",
    "continues to count the attempts",
    /dead 5 true/,
    class extends SharedMemoryInbox {
      override requeue(row: SharedRow): void {
        super.requeue({ ...row, failures: 4 });
      }
    },
  ],
  [
    "retry() passes a dead or quarantined push to the consumer again, with attempts from 1",
    "says that it retries what is not dead",
    /retry\(\) of a push that is not dead resolved to true/,
    class extends SharedMemoryInbox {
      override async retry(id: string): Promise<boolean> {
        await super.retry(id);
        return true;
      }
    },
  ],
  [
    "a retried push runs after the later pushes of its subject; without `order`: once",
    "retries a push before the later ones",
    /Handled: .*dead,later 2/,
    class extends SharedMemoryInbox {
      override requeue(row: SharedRow): void {
        this.storage.rows.unshift(row);
      }
    },
  ],
  [
    "drop() discards a dead or quarantined push",
    "drops nothing",
    /drop\(\) of a push that is not dead resolved to true/,
    class extends SharedMemoryInbox {
      override async drop(): Promise<boolean> {
        return true;
      }
    },
  ],
  [
    "after close(), unfinished pushes are passed to the next inbox's consumer, and finished ones are not",
    "forgets interrupted pushes",
    /Expected: the unfinished push is passed to the consumer/,
    class extends SharedMemoryInbox {
      override record(row: SharedRow, result: AttemptResult, transaction: MemoryTransaction): void {
        super.record(row, result.state === "aborted" ? { state: "handled" } : result, transaction);
      }
    },
  ],
  [
    "after close(), unfinished pushes are passed to the next inbox's consumer, and finished ones are not",
    "passes finished pushes again after a restart",
    /Passed to the consumer: finished/,
    class extends SharedMemoryInbox {
      override async open(events: InboxEvents): Promise<void> {
        for (const row of this.storage.rows) row.state = "waiting";
        await super.open(events);
      }
    },
  ],
  [
    "after close(), unfinished pushes are passed to the next inbox's consumer, and finished ones are not",
    "does not abort attempts",
    /close\(\) did not abort the signal/,
    class extends SharedMemoryInbox {
      override async close(): Promise<void> {
        this.isGone = true;
      }
    },
  ],
  [
    "close() starts no more attempts, and waits for the running ones",
    "does not wait for running attempts",
    /close\(\) did not wait/,
    class extends SharedMemoryInbox {
      override close(): Promise<void> {
        return super.close(0);
      }
    },
  ],
  [
    "close() starts no more attempts, and waits for the running ones",
    "continues to start attempts",
    /An attempt started after the call of close\(\)/,
    class extends SharedMemoryInbox {
      override async close(limitMs: number): Promise<void> {
        await new Promise((resolve) => setTimeout(resolve, 100));
        return super.close(limitMs);
      }
    },
  ],
  [
    "after a crash, the next inbox handles every unfinished push, and keeps their order if it has `order`",
    "marks a push as finished before its attempt",
    /Expected: every unfinished push is handled/,
    class extends SharedMemoryInbox {
      override next(): SharedRow | undefined {
        const next = super.next();
        if (next) next.state = "finished";
        return next;
      }
    },
  ],
  [
    "a duplicate is not passed to the consumer, if put() detects it",
    "detects a duplicate and still handles it",
    /resolved to "duplicate", and 3 pushes were passed/,
    class extends SharedMemoryInbox {
      override async put(push: StoredPush): Promise<"stored" | "duplicate"> {
        const result = await super.put(push);
        if (result === "duplicate") this.add(push);
        return result;
      }
    },
  ],
  [
    "a duplicate is not passed to the consumer, if put() detects it",
    "does not detect what it says it detects",
    /resolved to "stored", although detectsDuplicates is true/,
    class extends SharedMemoryInbox {
      override put(push: StoredPush): Promise<"stored" | "duplicate"> {
        return super.put(push, 0);
      }
    },
  ],
  [
    "only a push that equals the last push of its subject or type is a duplicate",
    "compares a push with every earlier one",
    /put\(\) of a new push resolved to duplicate/,
    class extends SharedMemoryInbox {
      readonly #all = new Set<string>();
      override async put(push: StoredPush): Promise<"stored" | "duplicate"> {
        if (this.#all.size === this.#all.add(push.sha256).size) return "duplicate";
        return super.put(push);
      }
    },
  ],
  [
    "only a push that arrives within the window is a duplicate",
    "knows no window",
    /put\(\) after the window resolved to: stored,duplicate/,
    class extends SharedMemoryInbox {
      override put(push: StoredPush): Promise<"stored" | "duplicate"> {
        return super.put(push);
      }
    },
  ],
  [
    "with `detectsDuplicates`, finished pushes and those of an earlier inbox have duplicates, too",
    "forgets the last pushes at close()",
    /put\(\) of duplicates resolved to: duplicate,duplicate,stored,stored/,
    class extends SharedMemoryInbox {
      override close(limitMs: number): Promise<void> {
        this.storage.last.clear();
        return super.close(limitMs);
      }
    },
  ],
  [
    "with `detectsDuplicates`, one of several equal pushes that arrive at once is stored; with `shared`, in two inboxes",
    "stores equal pushes that arrive at once",
    /Three equal pushes: stored stored stored/,
    class extends SharedMemoryInbox {
      override async put(push: StoredPush): Promise<"stored" | "duplicate"> {
        const isKnown = this.storage.last.get(push.subject ?? "")?.sha256 === push.sha256;
        await new Promise(setImmediate);
        return isKnown ? "duplicate" : super.put(push, 0);
      }
    },
  ],
  [
    "with `shared`, one of several consumers handles each push, whichever inbox stored it; without, a second inbox does not disturb the first",
    "handles what another inbox is handling",
    /Handled: 00,00/,
    class extends SharedMemoryInbox {
      readonly #passed = new Set<string>();
      override next(): SharedRow | undefined {
        const running = this.storage.rows.find(
          ({ push, claim }) => claim !== undefined && claim.inbox !== this && !this.#passed.has(push.id),
        );
        if (running) this.#passed.add(running.push.id);
        return running ?? super.next();
      }
    },
  ],
  [
    "with `shared`, one of several consumers handles each push, whichever inbox stored it; without, a second inbox does not disturb the first",
    "ends the inbox that uses its storage",
    /The inbox is closed/,
    class extends SharedMemoryInbox {
      override readonly capabilities = { transaction: true };
      override async open(events: InboxEvents): Promise<void> {
        for (const inbox of this.storage.inboxes) inbox.isGone = true;
        await super.open(events);
      }
    },
  ],
  [
    "with `shared`, an inbox that only stores gets its pushes handled by another",
    "handles only what it has stored",
    /Expected: both pushes are handled/,
    class extends SharedMemoryInbox {
      readonly #own = new Set<string>();
      override add(push: StoredPush): void {
        this.#own.add(push.id);
        super.add(push);
      }
      override next(): SharedRow | undefined {
        const next = super.next();
        return next && this.#own.has(next.push.id) ? next : undefined;
      }
    },
  ],
  [
    "with `shared`, the pushes of an inbox that crashes are handled by another that is open",
    "waits forever for an inbox that has crashed",
    /Expected: both pushes are handled/,
    class extends SharedMemoryInbox {
      override next(): SharedRow | undefined {
        const next = super.next();
        return next?.claim === undefined ? next : undefined;
      }
    },
  ],
  [
    "with `shared`, an inbox lists, retries and drops the dead pushes of the others",
    "lists only what failed here",
    /Expected: dead\(\) lists both/,
    class extends SharedMemoryInbox {
      readonly #failed = new Set<string>();
      override record(row: SharedRow, result: AttemptResult, transaction: MemoryTransaction): void {
        this.#failed.add(row.push.id);
        super.record(row, result, transaction);
      }
      override async dead(id?: string) {
        return (await super.dead(id)).filter((each) => this.#failed.has(each.id));
      }
    },
  ],
  [
    "`Attempt.transaction` exists only with the capability `transaction`",
    "passes no transaction, although it says so",
    /got no transaction/,
    class extends SharedMemoryInbox {
      override consume(consumer: Consumer<MemoryTransaction>): void {
        super.consume((push, { number, signal }) => consumer(push, { number, signal }));
      }
    },
  ],
  [
    "`Attempt.transaction` exists only with the capability `transaction`",
    "does not say that it passes a transaction",
    /although capabilities\.transaction is not set/,
    class extends SharedMemoryInbox {
      override readonly capabilities = { shared: true };
    },
  ],
  [
    "with `transaction`, the writes of a handled push are committed once, and those of a failed attempt are not",
    "commits the writes of failed attempts",
    /Committed writes: .*late 1/,
    class extends SharedMemoryInbox {
      override record(row: SharedRow, result: AttemptResult, transaction: MemoryTransaction): void {
        super.record(row, result, transaction);
        if (result.state === "failed") this.storage.effects.push(...transaction);
      }
    },
  ],
  [
    "with `transaction`, the writes of an attempt that a crash interrupts are committed once, by the next attempt",
    "commits each write immediately",
    /Committed writes: effect,effect/,
    class extends SharedMemoryInbox {
      override consume(consumer: Consumer<MemoryTransaction>): void {
        super.consume((push, { number, signal }) =>
          consumer(push, { number, signal, transaction: this.storage.effects }),
        );
      }
    },
  ],
  [
    "replay() makes one attempt, returns its result, and stores nothing",
    "stores replays",
    /Reported: failed/,
    class extends SharedMemoryInbox {
      override async replay(push: StoredPush) {
        return super.replay(push).finally(() => this.add(push));
      }
    },
  ],
  [
    "a replay runs after the earlier pushes of its subject; without `order`: once",
    "runs replays immediately",
    /Attempts: running,replay,waiting/,
    class extends SharedMemoryInbox {
      override replay(push: StoredPush) {
        return super.replay({ ...push, subject: undefined });
      }
    },
  ],
  [
    "capabilities and detectsDuplicates are booleans",
    "names its order",
    /"order" is string, not a boolean/,
    class extends SharedMemoryInbox {
      override readonly capabilities = { order: "per subject" } as never;
    },
  ],
  [
    "capabilities and detectsDuplicates are booleans",
    "has a capability that does not exist",
    /Unknown capability "fast"/,
    class extends SharedMemoryInbox {
      override readonly capabilities = { fast: true } as never;
    },
  ],
  [
    "state() counts the queued and dead pushes, and knows the oldest",
    "does not count running pushes",
    /Expected: state\(\): two queued pushes/,
    class extends SharedMemoryInbox {
      override state() {
        return { ...super.state(), queued: this.storage.rows.filter(({ claim }) => claim === undefined).length };
      }
    },
  ],
];
describe("the conformance suite", { concurrency: 8 }, () => {
  for (const [rule, what, message, Class] of broken) {
    test(`the conformance suite detects an inbox that ${what}`, async () => {
      // Only a rule that waits for what never happens reaches the time limit.
      const timeoutMs = message.source.startsWith("Expected:") ? 500 : 5_000;
      const checked = inboxConformance({ ...optionsOf(Class), timeoutMs }).find(({ name }) => name === rule);
      assert.ok(checked, `no rule: ${rule}`);
      await assert.rejects(checked.run(), message);
    });
  }
});

test("every rule of the conformance suite rejects at least one of these inboxes", () => {
  const rejecting = new Set(broken.map(([rule]) => rule));
  const all = inboxConformance(optionsOf(SharedMemoryInbox)).map(({ name }) => name);
  assert.deepEqual(
    all.filter((name) => !rejecting.has(name)),
    [],
  );
});
