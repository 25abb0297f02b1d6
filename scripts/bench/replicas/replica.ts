/** Runs a process that stores pushes, handles them, or both. The second argument is `ReplicaOptions` as JSON; `ready` is its port. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { airudder, fileInbox, type Receiver } from "airudder-webhooks";
import { exposeFunctions } from "../../child-functions.js";
import { createReceiver, type SharedInbox, type Transaction } from "../../engines.js";
import { callCompleted, KEY } from "../../load/pushes.js";

/** What a process does. */
export interface ReplicaOptions {
  readonly inbox: SharedInbox | { readonly folder: string };
  /** `nothing`: does nothing. `transaction`: inserts a row in the transaction of the inbox. Default: `nothing`. */
  readonly handler?: "nothing" | "transaction";
  /** Whether it handles pushes from the start. Otherwise it starts with `work`. The file inbox always handles. */
  readonly works?: boolean;
}

/** CPU time and memory of a process. */
export interface Usage {
  readonly cpuMs: number;
  readonly rss: number;
}

const SETTLE_MS = 60_000;
/** Parallel pushes while the inbox is filled. */
const FILLING = 256;

const { inbox, handler, works = false } = JSON.parse(process.argv[3] ?? "{}") as ReplicaOptions;
let handled = 0;
let handledAt = 0n;

const receiver: Receiver<Transaction | undefined> =
  "folder" in inbox
    ? airudder({ key: KEY, token: false, inbox: fileInbox(inbox.folder) })
    : await createReceiver(inbox);
receiver.on("call.completed", async ({ id }, { transaction }) => {
  if (handler === "transaction") await transaction?.query("insert into effects (push) values ($1)", [id]);
  handled++;
  handledAt = process.hrtime.bigint();
});

const server = createServer(receiver);
server.keepAliveTimeout = 0; // a server pauses between its rounds for longer than the default
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
await (works ? receiver.work() : receiver.ready());

exposeFunctions((server.address() as AddressInfo).port, {
  usage: (): Usage => {
    const { user, system } = process.cpuUsage();
    return { cpuMs: (user + system) / 1000, rss: process.memoryUsage.rss() };
  },
  /** Stores new pushes. */
  fill: async (count: unknown) => {
    const bodies = newBodies(count as number);
    await Promise.all(Array.from({ length: FILLING }, () => store(bodies)));
  },
  /** Waits until the pushes that this process has stored are handled. */
  settle: async () => {
    if (!works) return;
    for (const end = Date.now() + SETTLE_MS; handled < receiver.stats().accepted && Date.now() < end; ) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  },
  /** Starts handling. */
  work: () => receiver.work(),
  handled: () => ({ count: handled, at: handledAt.toString() }),
  close: () => receiver.close(),
});

const CALL = "CALL-OF-THE-PUSH";
let filled = 0;

/** Bodies of new calls. */
function* newBodies(count: number): Generator<string> {
  const template = callCompleted("task", CALL);
  for (let i = 0; i < count; i++) yield template.replace(CALL, `call-${process.pid}-${++filled}`);
}

async function store(bodies: Iterator<string>): Promise<void> {
  for (let next = bodies.next(); !next.done; next = bodies.next()) {
    const request = new Request("http://127.0.0.1/", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: next.value,
    });
    const { status } = await receiver.fetch(request);
    if (status !== 200) throw new Error(`The inbox could not be filled: status ${status}.`);
  }
}
