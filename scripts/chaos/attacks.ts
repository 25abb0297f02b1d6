import { connect, type Socket } from "node:net";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { sign } from "../../middleware/src/push/sign.js";
import { callCompleted, KEY, PATH, request } from "../load/pushes.js";

/** Number of responses by status and code, such as `413 too_large`. `closed`: the connection ended without a response. */
export type ResponseCounts = Map<string, number>;

/** An attack, and the responses that are allowed. */
export interface Attack {
  readonly name: string;
  readonly allowed: readonly string[];
  /** Number of connections. */
  readonly count: number;
  /** Maximum number of parallel connections. */
  readonly concurrency: number;
  /** Creates the function that attacks through a connection. */
  prepare(): (socket: Socket) => void;
}

const LEVELS = 100_000;

/** All attacks on the receiver. */
export const ATTACKS: readonly Attack[] = [
  {
    name: "bodies sent one byte per second",
    allowed: ["408 body_timeout", "closed"],
    count: 1_000,
    concurrency: 1_000,
    prepare: () => sendSlowly,
  },
  { name: "bodies that end early", allowed: ["closed"], count: 1_000, concurrency: 100, prepare: () => endEarly },
  {
    name: "bodies with a Content-Length that is too large",
    allowed: ["413 too_large"],
    count: 9_800,
    concurrency: 100,
    prepare: () => send(head({ "Content-Length": "50000000" })),
  },
  {
    name: "bodies too large, in chunks",
    allowed: ["413 too_large", "closed"],
    count: 200,
    concurrency: 20,
    prepare: () => send(head({ "Transfer-Encoding": "chunked" }), chunks(2 ** 21)),
  },
  {
    name: "gzip bombs of 100 MB",
    allowed: ["413 too_large"],
    count: 500,
    concurrency: 50,
    prepare: () => send(request(gzipSync(BOMB()), { "Content-Encoding": "gzip" })),
  },
  {
    name: "brotli bombs of 100 MB",
    allowed: ["413 too_large"],
    count: 500,
    concurrency: 50,
    prepare: () => send(request(brotliCompressSync(BOMB()), { "Content-Encoding": "br" })),
  },
  {
    name: "objects nested 100,000 deep",
    allowed: ["200", "400 malformed_json"],
    count: 100,
    concurrency: 10,
    prepare: () => send(request(`{"a":${nested()}}`)),
  },
  {
    name: "signed pushes with variables nested 100,000 deep",
    allowed: ["200", "400 malformed_json"],
    count: 100,
    concurrency: 10,
    prepare: () => send(request(callCompleted("task-deep", "call-deep").replace('"var1":"aaa"', `"var1":${nested()}`))),
  },
  {
    name: "signed pushes with 100,000 details",
    allowed: ["200"],
    count: 100,
    concurrency: 10,
    prepare: () => send(manyDetails()),
  },
  {
    name: "requests with 2,000 headers (rejected by Node.js)",
    allowed: ["431"],
    count: 1_000,
    concurrency: 50,
    prepare: () => send(request("{}", manyHeaders(2_000, "x".repeat(20)))),
  },
  {
    name: "requests with 500 short headers",
    allowed: ["200"],
    count: 1_000,
    concurrency: 50,
    prepare: () => send(request('{"flood":1}', manyHeaders(500, "x"))),
  },
  {
    name: "forged signatures",
    allowed: ["401 bad_sign"],
    count: 1_000,
    concurrency: 50,
    prepare: () => send(request(callCompleted("task", "call").replace(/"Sign":"./, '"Sign":"?'))),
  },
];

const BOMB = (): Buffer => Buffer.alloc(100 * 2 ** 20, " ");

function nested(): string {
  return "[".repeat(LEVELS) + "]".repeat(LEVELS);
}

function head(headers: Record<string, string>): Buffer {
  const lines = Object.entries({ Host: "127.0.0.1", "Content-Type": "application/json", ...headers });
  return Buffer.from(`POST ${PATH} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
}

function manyDetails(): Buffer {
  const details = `[${"{},".repeat(99_999)}{}]`;
  return request(`{"TaskID":"task-wide","Sign":"${sign("task-wide", KEY)}","Details":${details}}`);
}

function manyHeaders(count: number, value: string): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`X-Flood-${i}`, value]));
}

function endEarly(socket: Socket): void {
  socket.write(head({ "Content-Length": "100000" }));
  socket.write("x".repeat(50_000), () => socket.destroy());
}

function chunks(bytes: number): Buffer {
  const chunk = Buffer.from(`10000\r\n${"x".repeat(0x10000)}\r\n`);
  return Buffer.concat(Array.from({ length: bytes / 0x10000 }, () => chunk));
}

function send(...parts: Buffer[]): (socket: Socket) => void {
  return (socket) => {
    for (const part of parts) socket.write(part);
  };
}

function sendSlowly(socket: Socket): void {
  socket.write(head({ "Content-Length": "2000" }));
  const timer = setInterval(() => socket.write("x"), 1_000);
  socket.on("close", () => clearInterval(timer));
}

/** Runs an attack with `count` connections. */
export async function attack(
  port: number,
  { count, concurrency }: { count: number; concurrency: number },
  attackThrough: (socket: Socket) => void,
): Promise<ResponseCounts> {
  const responses: ResponseCounts = new Map();
  let started = 0;
  const worker = async (): Promise<void> => {
    while (started < count) {
      started++;
      const response = await attackOnce(port, attackThrough);
      responses.set(response, (responses.get(response) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, concurrency) }, worker));
  return responses;
}

function attackOnce(port: number, attackThrough: (socket: Socket) => void): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect({ port, host: "127.0.0.1" }, () => attackThrough(socket));
    socket.setTimeout(30_000, () => socket.destroy());
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      if (responseOf(text) !== undefined) socket.destroy();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(responseOf(text) ?? "closed"));
  });
}

/** The status and the error code, if any. `undefined` while the response is incomplete. */
function responseOf(text: string): string | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const status = text.slice(9, 12);
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))?.[1] ?? 0);
  const body = text.slice(end + 4);
  if (body.length < length) return undefined;
  const code = /"code":"(\w+)"/.exec(body)?.[1];
  return code === undefined ? status : `${status} ${code}`;
}
