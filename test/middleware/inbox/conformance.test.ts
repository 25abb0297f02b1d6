import assert from "node:assert/strict";
import { test } from "node:test";
import type { Consumer, Inbox, InboxEvents, StoredPush } from "airudder-webhooks/inbox";
import { inboxConformance } from "airudder-webhooks/testing";
import { MemoryInbox, type Row } from "../../helpers/memory-inbox.js";

type MakeInbox = (rows: Map<string, Row>) => Inbox;

function casesOf(make: MakeInbox, timeoutMs?: number) {
  let rows = new Map<string, Row>();
  return inboxConformance({
    make: (again) => {
      if (!again) rows = new Map();
      return make(rows);
    },
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}

for (const { name, run } of casesOf((rows) => new MemoryInbox(rows))) {
  test(`an inbox that consists of Attempts and Scheduler: ${name}`, run);
}

/** Makes an inbox whose consumer is called in another way than by `Attempts`. */
function withConsumer(wrap: (consumer: Consumer) => Consumer): MakeInbox {
  return (rows) =>
    new (class extends MemoryInbox {
      override consume(consumer: Consumer): void {
        super.consume(wrap(consumer));
      }
    })(rows);
}

/** Makes an inbox that changes the pushes that it stores. */
function withPut(change: (inbox: MemoryInbox, push: StoredPush) => Promise<"stored" | "duplicate">): MakeInbox {
  return (rows) =>
    new (class extends MemoryInbox {
      override put(push: StoredPush): Promise<"stored" | "duplicate"> {
        return change(this, push);
      }
    })(rows);
}

const store = (inbox: MemoryInbox, push: StoredPush): Promise<"stored" | "duplicate"> =>
  MemoryInbox.prototype.put.call(inbox, push);

let sameCount = 0;

/** Stores the pushes of a group of four in reverse order. */
const reversed: MakeInbox = (rows) => {
  const waiting: StoredPush[] = [];
  const put = withPut(async (inbox, push) => {
    waiting.unshift(push);
    if (waiting.length === 4) for (const each of waiting.splice(0)) await store(inbox, each);
    return "stored";
  });
  return put(rows);
};

/** Makes an inbox that passes every push again after a restart. */
function withoutMemoryOfFinished(): MakeInbox {
  const stored: StoredPush[] = [];
  return (rows) =>
    new (class extends MemoryInbox {
      override open(events: InboxEvents): Promise<void> {
        for (const push of rows.size === 0 ? [] : stored) {
          rows.set(push.id, { push, subject: push.subject, failures: 0, state: "waiting" });
        }
        return super.open(events);
      }
      override put(push: StoredPush): Promise<"stored" | "duplicate"> {
        stored.push(push);
        return super.put(push);
      }
    })(rows);
}

const broken: [string, MakeInbox, RegExp][] = [
  ["drops pushes", withPut(async () => "stored"), /Expected: the push is passed to the consumer/],
  [
    "changes the id",
    withPut((inbox, push) => store(inbox, { ...push, id: `${push.id}x` })),
    /another id or other bytes/,
  ],
  [
    "repeats the number of the attempt",
    withConsumer(
      (consumer) =>
        (push, { signal }) =>
          consumer(push, { number: 1, signal }),
    ),
    /Attempts: 1,1,1\./,
  ],
  ["passes the newest push first", reversed, /Handled 4,3,2,1/],
  ["passes finished pushes again after a restart", withoutMemoryOfFinished(), /Passed to the consumer: .*finished/],
  [
    "does not say what put() did",
    withPut((inbox, push) => store(inbox, push).then(() => undefined as never)),
    /put\(\) of a new push resolved to undefined/,
  ],
  [
    "stores other bytes",
    withPut((inbox, push) => store(inbox, { ...push, body: Buffer.from(JSON.stringify(push.body.toString())) })),
    /another id or other bytes/,
  ],
  [
    "calls a duplicate a duplicate and still handles it",
    withPut(async (inbox, push) => {
      await store(inbox, push);
      return push.sha256 === "same" && ++sameCount > 1 ? "duplicate" : "stored";
    }),
    /resolved to "duplicate", and 3 pushes were passed/,
  ],
  [
    "handles pushes of one subject in parallel",
    withPut((inbox, push) => store(inbox, { ...push, subject: undefined })),
    /two in parallel/,
  ],
  [
    "never retries",
    withConsumer((consumer) => async (push, attempt) => {
      try {
        await consumer(push, attempt);
      } catch {
        // The error is discarded.
      }
    }),
    /three attempts/,
  ],
  [
    "retries quarantined pushes",
    withConsumer((consumer) => async (push, attempt) => {
      try {
        return await consumer(push, attempt);
      } catch (error) {
        throw new Error(String(error));
      }
    }),
    /A quarantined push was passed to the consumer \d times/,
  ],
  [
    "reports no failures",
    (rows) =>
      new (class extends MemoryInbox {
        override open(events: InboxEvents): Promise<void> {
          return super.open({ ...events, failed: () => undefined });
        }
      })(rows),
    /Attempts reported as failed: \. Expected: 1,2/,
  ],
  ["forgets everything at close()", () => new MemoryInbox(new Map()), /stored push is passed to the consumer/],
];
for (const [what, make, message] of broken) {
  test(`the conformance suite detects an inbox that ${what}`, async () => {
    const messages: string[] = [];
    for (const { run } of casesOf(make, 500)) await run().catch((error) => messages.push(String(error)));
    assert.ok(
      messages.some((text) => message.test(text)),
      `detected instead: ${messages.join("; ") || "nothing"}`,
    );
  });
}

test("every rule of the conformance suite rejects at least one of these inboxes", async () => {
  const passed = new Set(casesOf((rows) => new MemoryInbox(rows)).map(({ name }) => name));
  for (const [, make] of broken) {
    for (const { name, run } of casesOf(make, 300)) {
      if (passed.has(name)) await run().catch(() => passed.delete(name));
    }
  }
  assert.deepEqual([...passed], []);
});
