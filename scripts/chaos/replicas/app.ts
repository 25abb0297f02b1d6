/** A replica: stores the pushes that its server receives, or handles pushes. Without a port and a log, it only creates the tables. */
import { openSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import { exposeFunctions } from "../../child-functions.js";
import { createReceiver, migrate, type SharedInbox } from "../../engines.js";
import { failsFirst } from "./plan.js";

/** Arguments of a replica, as JSON. */
export interface AppOptions {
  readonly inbox: SharedInbox;
  /** Port of a replica that stores. */
  readonly port?: number;
  /** Log file of a replica that handles pushes: two lines for each run of the handler. */
  readonly log?: string;
}

/** Maximum duration of a handler. */
const HANDLER_MS = 20;
const EFFECT = "insert into effects (push, call, state, began_at) values ($1, $2, $3, $4)";

const { inbox, port, log } = JSON.parse(process.argv[2] ?? "{}") as AppOptions;

if (port === undefined && log === undefined) await migrate(inbox);
const receiver = await createReceiver(inbox);
if (port !== undefined) await listen(receiver, port);
if (log !== undefined) work(receiver, openSync(log, "a"));

exposeFunctions(undefined, {
  stats: () => receiver.stats(),
  dead: () => receiver.dead(),
  close: () => receiver.close(),
});

async function listen(store: typeof receiver, onPort: number): Promise<void> {
  const server = createServer(store);
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(onPort, "127.0.0.1", resolve));
}

function work(worker: typeof receiver, fd: number): void {
  worker.on("call.completed", async ({ id, payload, attempt }, { transaction }) => {
    const [{ CallID: call, Variables = {} } = {}] = payload.Details;
    const { state } = Variables;
    // One write, so that a line is complete although the process may be killed. `hrtime` is the same clock in all processes.
    const record = (word: "begin" | "done" | "failed", at = process.hrtime.bigint()): void => {
      writeSync(fd, `${word} ${at} ${id} ${call} ${state} ${attempt}\n`);
    };
    const beganAt = process.hrtime.bigint();
    record("begin", beganAt);
    try {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * HANDLER_MS));
      await transaction?.query(EFFECT, [id, call, state, beganAt]);
      if (failsFirst(Number(state)) && attempt === 1) throw new Error("The first attempt fails.");
    } catch (error) {
      record("failed");
      throw error;
    }
    record("done");
  });
  // A rejection means that the inbox is not open yet. The receiver retries.
  worker.work().catch(() => undefined);
}
