import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredPush } from "airudder-webhooks/inbox";
import { bullmqEngine } from "../../scripts/chaos/replicas-model/bullmq.js";
import type { ModelEngine } from "../../scripts/chaos/replicas-model/engine.js";
import { postgresEngine } from "../../scripts/chaos/replicas-model/postgres.js";
import { replicasModel } from "../../scripts/chaos/replicas-model.js";
import { atEnd } from "../helpers/at-end.js";
import { postgresTest } from "../helpers/postgres.js";
import { redisTest } from "../helpers/redis.js";
import { MemoryStorage, type MemoryTransaction, type Row, SharedMemoryInbox } from "../helpers/shared-memory-inbox.js";

type InboxClass = new (
  storage: MemoryStorage,
  limits: ConstructorParameters<typeof SharedMemoryInbox>[1],
) => SharedMemoryInbox;

/** An inbox in memory, or one that breaks a rule. */
function memoryEngine(Class: InboxClass = SharedMemoryInbox): ModelEngine {
  let storage = new MemoryStorage();
  return {
    name: "memory",
    hasOrder: true,
    retries: 2,
    leaseMs: 300,
    async reset() {
      storage = new MemoryStorage();
    },
    async connect() {
      const inbox = new Class(storage, { retries: 2, timeoutMs: 60_000, retryMs: 1, maxRetryMs: 2 });
      const cut = () => {
        inbox.isGone = true;
        storage.changed();
      };
      const thaw = () => {
        inbox.isGone = false;
        storage.changed();
      };
      const crash = () => {
        cut();
        void inbox.close(0);
      };
      return { inbox, freeze: cut, thaw, crash };
    },
    unfinished: async () => storage.rows.filter(({ state }) => state === "waiting").map(({ push }) => push.id),
    write: (transaction, id) => (transaction as string[]).push(id),
    effects: async () => storage.effects,
    async stop() {},
  };
}

test("inboxes in memory that share a storage meet the rules of the model", async () => {
  assert.deepEqual((await replicasModel(memoryEngine(), { steps: 600 })).violations, []);
});

type Result = Parameters<SharedMemoryInbox["record"]>[1];

const faults: [string, RegExp, InboxClass][] = [
  [
    "a worker takes over a push that another still runs",
    /runs twice at once/,
    class extends SharedMemoryInbox {
      override next() {
        const next = super.next();
        return next ?? this.storage.rows.find(({ claim }) => claim !== undefined && claim.inbox !== this);
      }
    },
  ],
  [
    "a subject may have several workers",
    /of its subject runs|which arrived earlier/,
    class extends SharedMemoryInbox {
      override add(push: StoredPush): void {
        super.add({ ...push, subject: undefined });
      }
    },
  ],
  [
    "what a worker runs is lost when it crashes",
    /no worker runs it|is never finished/,
    class extends SharedMemoryInbox {
      override next() {
        const next = super.next();
        return next?.claim === undefined ? next : undefined;
      }
    },
  ],
  [
    "a duplicate is detected by one worker only",
    /was stored 2 times|is a duplicate and was stored/,
    class extends SharedMemoryInbox {
      #last = new Map<string | undefined, string>();
      override async put(push: StoredPush): Promise<"stored" | "duplicate"> {
        const isDuplicate = this.#last.get(push.subject) === push.sha256;
        this.#last.set(push.subject, push.sha256);
        return isDuplicate ? "duplicate" : super.put(push, 0);
      }
    },
  ],
  [
    "a push that came before the last one counts as a duplicate",
    /was taken for a duplicate/,
    class extends SharedMemoryInbox {
      #all = new Set<string>();
      override async put(push: StoredPush): Promise<"stored" | "duplicate"> {
        if (this.#all.has(push.sha256)) return "duplicate";
        this.#all.add(push.sha256);
        return super.put(push);
      }
    },
  ],
  [
    "a failed push is not retried",
    /was acknowledged and is lost|no worker runs it|is finished or dead/,
    class extends SharedMemoryInbox {
      override record(row: Row, result: Result, transaction: MemoryTransaction): void {
        super.record(row, result, transaction);
        if (result.state === "failed") row.state = "finished";
      }
    },
  ],
  [
    "a failed attempt does not count",
    /runs with attempt/,
    class extends SharedMemoryInbox {
      override record(row: Row, result: Result, transaction: MemoryTransaction): void {
        super.record(row, result, transaction);
        row.failures = 0;
      }
    },
  ],
  [
    "a retry continues the attempts",
    /runs with attempt/,
    class extends SharedMemoryInbox {
      override requeue(row: Row): void {
        super.requeue({ ...row, failures: 1 });
      }
    },
  ],
  [
    "a retried push runs before the later pushes of its subject",
    /which arrived earlier|of its subject runs/,
    class extends SharedMemoryInbox {
      override requeue(row: Row): void {
        this.storage.rows.unshift(row);
        this.storage.changed();
      }
    },
  ],
  [
    "a dropped push stays",
    /dead\(\) lists .* which is dropped/,
    class extends SharedMemoryInbox {
      override async drop(id: string): Promise<boolean> {
        return (await this.dead(id)).length > 0;
      }
    },
  ],
  [
    "the writes of a failed attempt are committed",
    /was committed \d times/,
    class extends SharedMemoryInbox {
      override record(row: Row, result: Result, transaction: MemoryTransaction): void {
        super.record(row, result, transaction);
        if (result.state === "failed") this.storage.effects.push(...transaction);
      }
    },
  ],
];
for (const [fault, message, Class] of faults) {
  test(`the model detects a fault: ${fault}`, async () => {
    const { violations } = await replicasModel(memoryEngine(Class), { steps: 3_000, stepsOfRun: 150, limitMs: 500 });
    assert.match(violations.join("\n"), message);
  });
}

for (const [name, serviceTest, start] of [
  ["Postgres", postgresTest, postgresEngine],
  ["BullMQ", redisTest, bullmqEngine],
] as const) {
  serviceTest(`the inbox on ${name} meets the rules of the model`, async (t) => {
    const engine = await start();
    atEnd(t, () => engine.stop());
    assert.deepEqual((await replicasModel(engine, { steps: 120 })).violations, []);
  });
}
