import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { sign } from "../../middleware/src/push/sign.js";

/** The key that signs the load. */
export const KEY = "s3cret-key";

/** Path of the requests. */
export const PATH = "/webhooks/airudder";

const samples = fileURLToPath(new URL("../../schemas/samples", import.meta.url));

/** Requests as bytes, created before the measurement. */
export interface Traffic {
  /** Number of requests. */
  readonly size: number;
  /** The request at an index. Wait for its response before you take it again: the bytes are reused. */
  take(index: number): Buffer;
}

/** The vendor's example of `call.completed`, 1.9 KB, with other ids and signed. */
export function callCompleted(task: string, call: string, signature = sign(task, KEY)): string {
  const push = JSON.parse(readFileSync(`${samples}/call.completed/vendor-example.json`, "utf8"));
  Object.assign(push, { TaskID: task, Sign: signature });
  Object.assign(push.Details[0], { CallID: call });
  return JSON.stringify(push);
}

/** The bytes of a request, with the headers that the vendor sends. */
export function request(body: string | Buffer, headers: Record<string, string> = {}, path: string = PATH): Buffer {
  const lines = Object.entries({
    Host: "127.0.0.1",
    "User-Agent": "Airudder",
    Accept: "*/*",
    "Content-Type": "application/json",
    "Content-Length": String(Buffer.byteLength(body)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n`), Buffer.from(body)]);
}

const CALL_DIGITS = 12;
const TASK_LENGTH = taskId(0).length;
const SIGN_LENGTH = sign("", KEY).length;
/** Number of tasks of `newCalls`. */
export const TASKS = 65_536;

/** Each task id with its signature. */
let signedTasks: Buffer | undefined;

function signTasks(): Buffer {
  const ids = Array.from({ length: TASKS }, (_, i) => taskId(i));
  return Buffer.from(ids.map((task) => task + sign(task, KEY)).join(""), "latin1");
}

/**
 * Pushes for new calls of 65,536 tasks, so that none is a duplicate and no two in a row have the same task.
 * @param size number of requests that can be in flight
 * @param first number of calls that another load has used already
 */
export function newCalls(size = 4096, path: string = PATH, first = 0): Traffic {
  signedTasks ??= signTasks();
  const tasks = signedTasks;
  const [task, signature, call] = ["T".repeat(TASK_LENGTH), "S".repeat(SIGN_LENGTH), "C".repeat(CALL_DIGITS)] as const;
  const template = request(callCompleted(task, `cad907xx${call}`, signature), {}, path);
  const [taskAt, signAt, callAt] = [
    template.indexOf(task),
    template.indexOf(signature),
    template.indexOf(call),
  ] as const;
  const requests = Array.from({ length: size }, () => Buffer.from(template));
  let number = first;
  return {
    size,
    take: (index) => {
      const bytes = requests[index] as Buffer;
      const start = (++number % TASKS) * (TASK_LENGTH + SIGN_LENGTH);
      tasks.copy(bytes, taskAt, start, start + TASK_LENGTH);
      tasks.copy(bytes, signAt, start + TASK_LENGTH, start + TASK_LENGTH + SIGN_LENGTH);
      writeDigits(bytes, callAt, number);
      return bytes;
    },
  };
}

/** The same pushes repeatedly: from the second time on, all are duplicates. */
export function sameCalls(size = 4096): Traffic {
  return fixed(size, (body) => request(body));
}

/** Call completions of the same size as in `newCalls`, signed like GitHub's. */
export function githubPushes(secret: string, size = 4096): Traffic {
  return fixed(size, (body, i) =>
    request(body, {
      "X-GitHub-Event": "push",
      "X-GitHub-Delivery": `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`,
      "X-Hub-Signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
    }),
  );
}

/** Call completions of the same size as in `newCalls`, signed like LINE's. */
export function linePushes(secret: string, size = 4096): Traffic {
  return fixed(size, (body) =>
    request(body, { "X-Line-Signature": createHmac("sha256", secret).update(body).digest("base64") }),
  );
}

function fixed(size: number, make: (body: string, index: number) => Buffer): Traffic {
  const requests = Array.from({ length: size }, (_, i) =>
    make(callCompleted(taskId(i), `cad907xx${String(i).padStart(CALL_DIGITS, "0")}`), i),
  );
  return { size, take: (index) => requests[index] as Buffer };
}

function taskId(index: number): string {
  return `490d5ec3c1${String(index).padStart(16, "0")}`;
}

function writeDigits(bytes: Buffer, offset: number, value: number): void {
  let rest = value;
  for (let i = offset + CALL_DIGITS - 1; i >= offset; i--) {
    bytes[i] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}
