import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelEngine } from "../../scripts/chaos/replicas-model/engine.js";
import { replicasModel } from "../../scripts/chaos/replicas-model.js";
import { MemoryStorage, SharedMemoryInbox } from "../helpers/shared-memory-inbox.js";

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
    leaseMs: 50,
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
  assert.deepEqual((await replicasModel(memoryEngine(), { steps: 1_000 })).violations, []);
});
