/** An app with a file inbox that the model controls step by step. Its handlers write a log line before they return. */
import { openSync, writeSync } from "node:fs";
import { airudder, dialerBody, fileInbox } from "airudder-webhooks";
import { exposeFunctions } from "../../child-functions.js";
import { setClock, startClock } from "./clock.js";

/** Arguments of the app, as JSON. */
export interface ModelAppOptions {
  readonly dir: string;
  readonly log: string;
  readonly processNumber: number;
  readonly clockMs: number;
}

/** A push of the model. Its state decides what its handlers do. */
export interface ModelPush {
  readonly subject: string;
  readonly state: string;
}

/** The response to a request. */
export interface ModelResponse {
  readonly status: number;
  readonly id: string | undefined;
  readonly duplicate: boolean;
}

const { dir, log, processNumber, clockMs } = JSON.parse(process.argv[2] ?? "{}") as ModelAppOptions;
startClock(clockMs);
const fd = openSync(log, "a");
const logLine = (...words: unknown[]): void => void writeSync(fd, `${processNumber} ${words.join(" ")}\n`);

let accepted: { id: string; duplicate: boolean } | undefined;
const receiver = airudder({
  key: "k",
  token: false,
  warnings: false,
  deadlineMs: 5_000,
  inbox: fileInbox(dir, { segmentBytes: 8_000, concurrency: 4, retries: 2, retryMs: 1, maxRetryMs: 4 }),
  observe: (event) => {
    if (event.event === "accepted") accepted = { id: event.id, duplicate: false };
    else if (event.event === "duplicate") accepted = { id: event.id, duplicate: true };
  },
});
let fixed = false;
receiver.on("dialer.agent", async ({ id, payload, attempt }) => {
  const { State = "" } = dialerBody(payload) ?? {};
  if (State === "dead" && !fixed) throw new Error("always fails");
  if (State === "retried" && attempt === 1) throw new Error("fails once");
  if (State === "slow") await new Promise((resolve) => setTimeout(resolve, 8));
  logLine("done", id);
});

async function send({ subject, state }: ModelPush): Promise<ModelResponse> {
  const body = JSON.stringify({ type: "AgentStatus", body: { agentName: subject, taskId: "t", State: state } });
  const request = new Request("http://localhost/", {
    method: "POST",
    body,
    headers: { "content-type": "application/json" },
  });
  accepted = undefined;
  const { status } = await receiver.fetch(request);
  const { id, duplicate = false } = (accepted ?? {}) as { id?: string; duplicate?: boolean };
  return { status, id, duplicate };
}

exposeFunctions(undefined, {
  push: async (detail) => {
    const responses: ModelResponse[] = [];
    for (const push of detail as ModelPush[]) responses.push(await send(push));
    return responses;
  },
  ready: () =>
    receiver.ready({ waitMs: 20_000 }).then(
      () => "",
      (error) => String(error),
    ),
  clock: (offsetMs) => setClock(offsetMs as number),
  dead: async () => (await receiver.dead()).map(({ id }) => id),
  drop: (id) => receiver.drop(id as string),
  /** Retries a dead push with a fixed handler, and waits until it is finished. */
  retry: async (id) => {
    fixed = true;
    const isRetried = await receiver.retry(id as string);
    await drained();
    fixed = false;
    return isRetried;
  },
  drain: async () => {
    const left = await drained();
    return { left, dead: (await receiver.dead()).map(({ id }) => id) };
  },
  close: () => receiver.close({ timeoutMs: 1_000 }),
});

/** Waits until the inbox is empty, at most 20 seconds. Returns the number of pushes that are left. */
async function drained(): Promise<number> {
  for (const end = performance.now() + 20_000; performance.now() < end; ) {
    if (receiver.stats().inbox?.queued === 0) return 0;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return receiver.stats().inbox?.queued ?? 0;
}
