import assert from "node:assert/strict";
import { cpSync, existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  type AirudderEvent,
  type AirudderOptions,
  airudder,
  fileInbox,
  type Handler,
  type Push,
} from "airudder-webhooks";
import type { InboxEvents, StoredPush } from "airudder-webhooks/inbox";
import { readJournal } from "airudder-webhooks/journal";
import { encodeFrame, FrameReader } from "../../../middleware/src/inbox/file/socket/frames.js";
import { MESSAGES_VERSION, pushFields } from "../../../middleware/src/inbox/file/socket/messages.js";
import { folderIdOf } from "../../../middleware/src/journal/folder.js";
import { thisProcess } from "../../../middleware/src/journal/process-identity.js";
import { noEvents, storedPush } from "../../../middleware/src/testing/stored-push.js";
import { atEnd } from "../../helpers/at-end.js";
import { makeFolder } from "../../helpers/folder.js";
import { callCompleted, KEY, webRequest } from "../../helpers/push.js";
import { until } from "../../helpers/until.js";

/** A receiver as one of several processes with the same folder. */
function start(t: TestContext, dir: string, options: AirudderOptions & { handle?: Handler<Push> } = {}) {
  const { handle = () => undefined, ...others } = options;
  const events: AirudderEvent[] = [];
  const receiver = airudder({
    key: KEY,
    warnings: false,
    allowReplays: true,
    inbox: fileInbox(dir, { retries: 0, retryMs: 1 }),
    observe: (event) => events.push(event),
    ...others,
  });
  receiver.on("*", handle);
  atEnd(t, () => receiver.close({ timeoutMs: 10 }));
  const send = async (payload: unknown, headers: Record<string, string> = {}) =>
    (await receiver.fetch(webRequest(payload, headers))).status;
  return { receiver, send, results: () => events.map(({ event }) => event) };
}

/** Identical but for its bytes. */
const version = (number: number, overrides: Record<string, unknown> = {}): string =>
  JSON.stringify(callCompleted(overrides), null, number);

async function marksOf(dir: string): Promise<{ pushes: string[]; marks: string[] }> {
  const pushes: string[] = [];
  const marks: string[] = [];
  await readJournal(dir, {
    onRecord: ({ head }) => {
      if (head.kind === "push") pushes.push(head.id);
      if (head.kind === "mark") marks.push(head.state);
    },
  });
  return { pushes, marks };
}

test("the process that opens the folder first handles the pushes of all; the other one responds when they are on disk", async (t) => {
  const dir = makeFolder(t);
  const owner = start(t, dir);
  await owner.receiver.ready();
  const client = start(t, dir);
  await client.receiver.ready();
  assert.equal(await client.send(callCompleted()), 200);
  assert.equal((await marksOf(dir)).pushes.length, 1);
  await until(() => owner.results().includes("handled"));
  assert.deepEqual([client.results(), owner.results()], [["accepted"], ["handled"]]);
});

test("duplicates are detected over both processes, in both directions, and A, B, A are three pushes", async (t) => {
  const dir = makeFolder(t);
  const owner = start(t, dir);
  await owner.receiver.ready();
  const client = start(t, dir);
  await client.receiver.ready();
  const [a, b] = [version(1), version(2)];
  for (const { send } of [client, owner, client]) assert.equal(await send(a), 200);
  for (const { send } of [owner, client, owner]) assert.equal(await send(b), 200);
  assert.equal(await client.send(a), 200);
  assert.deepEqual(await Promise.all([owner.send(b), client.send(b), owner.send(b)]), [200, 200, 200]);
  await until(() => owner.receiver.stats().inbox?.queued === 0);
  assert.equal((await marksOf(dir)).pushes.length, 4);
  assert.equal(client.receiver.stats().duplicates + owner.receiver.stats().duplicates, 6);
});

test("duplicateWindowMs: 0 turns the detection off for the pushes of all processes", async (t) => {
  const dir = makeFolder(t);
  const owner = start(t, dir, { duplicateWindowMs: 0 });
  await owner.receiver.ready();
  const client = start(t, dir, { duplicateWindowMs: 0 });
  for (const { send } of [client, owner, client]) assert.equal(await send(version(1)), 200);
  assert.equal((await marksOf(dir)).pushes.length, 3);
});

test("when the owner closes, it stores the pushes of the other process while a handler runs; then that process owns the folder and handles them", async (t) => {
  const dir = makeFolder(t);
  let finish = (): void => undefined;
  const owner = start(t, dir, { handle: () => new Promise<void>((resolve) => (finish = resolve)) });
  await owner.receiver.ready();
  const client = start(t, dir);
  await client.receiver.ready();
  assert.equal(await owner.send(version(1)), 200);
  await until(() => owner.receiver.stats().inbox?.queued === 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  const closing = owner.receiver.close();
  assert.equal(await client.send(version(2)), 200);
  assert.equal(await client.send(version(2)), 200);
  assert.deepEqual(client.results(), ["accepted", "duplicate"]);
  finish();
  await closing;
  await until(() => client.results().includes("handled"));
  assert.equal(await client.send(version(2)), 200, "a duplicate of a push that the previous owner stored");
  assert.deepEqual(client.results(), ["accepted", "duplicate", "handled", "duplicate"]);
  assert.deepEqual(owner.results(), ["accepted", "handled"]);
});

test("dead pushes are listed, retried and dropped from both processes; the owner checks whether a push has a handler", async (t) => {
  const dir = makeFolder(t);
  let isFixed = false;
  const owner = start(t, dir, {
    handle: () => {
      if (!isFixed) throw new Error("broken");
    },
  });
  await owner.receiver.ready();
  const client = start(t, dir);
  for (const number of [1, 2]) assert.equal(await client.send(version(number)), 200);
  await until(async () => (await client.receiver.dead()).length === 2);
  const listed = await client.receiver.dead();
  assert.deepEqual(listed, await owner.receiver.dead());
  const [first, second] = listed.map(({ id }) => id) as [string, string];
  isFixed = true;
  assert.deepEqual([await client.receiver.drop(first), await client.receiver.drop(first)], [true, false]);
  assert.deepEqual([await client.receiver.retry(second), await client.receiver.retry("none")], [true, false]);
  await until(() => owner.results().includes("handled"));
  assert.deepEqual(await client.receiver.dead(), []);
});

test("a process without a handler for a dead push cannot retry it", async (t) => {
  const dir = makeFolder(t);
  const broken = start(t, dir, {
    handle: () => {
      throw new Error("broken");
    },
  });
  assert.equal(await broken.send(version(1)), 200);
  await until(() => broken.results().includes("dead"));
  await broken.receiver.close();
  const owner = airudder({ key: KEY, warnings: false, inbox: fileInbox(dir) });
  atEnd(t, () => owner.close());
  await owner.ready();
  const client = start(t, dir);
  const [push] = await client.receiver.dead();
  await assert.rejects(client.receiver.retry(push?.id ?? ""), { name: "AirudderError", code: "no_handler" });
});

for (const [how, handle, status, outcome] of [
  ["succeeds", () => undefined, 200, { result: "handled" }],
  [
    "fails",
    () => {
      throw new TypeError("broken");
    },
    500,
    { result: "failed", error: "TypeError: broken" },
  ],
] as const) {
  test(`a replay that the other process receives is handled by the owner, and the verdict is that of the handler, which ${how}`, async (t) => {
    const dir = makeFolder(t);
    const owner = start(t, dir, { handle });
    await owner.receiver.ready();
    const client = start(t, dir, { handle: () => assert.fail("not the owner") });
    await client.receiver.ready();
    const response = await client.receiver.fetch(
      webRequest(callCompleted(), { "airudder-replay": "p1", "airudder-devproxy": "1" }),
    );
    assert.equal(response.status, status);
    const { result, error } = JSON.parse(response.headers.get("airudder-outcome") ?? "{}");
    assert.deepEqual({ result, ...(error === undefined ? {} : { error }) }, outcome);
    assert.deepEqual((await marksOf(dir)).pushes, []);
  });
}

test("a process that only stores passes the folder to one that handles, and its later pushes are handled there", async (t) => {
  const dir = makeFolder(t);
  const storing = start(t, dir, { work: false, handle: () => assert.fail("stores only") });
  assert.equal(await storing.send(version(1)), 200);
  const working = start(t, dir);
  await working.receiver.work();
  await until(() => working.results().includes("handled"));
  assert.equal(await storing.send(version(2)), 200);
  await until(() => working.results().filter((result) => result === "handled").length === 2);
  await working.receiver.close();
  assert.equal(await storing.send(version(3)), 200);
  assert.deepEqual(
    [storing.results(), working.results()],
    [
      ["accepted", "accepted", "accepted"],
      ["handled", "handled"],
    ],
  );
});

test("stats() of a process that does not own the folder contains the counts of the owner", async (t) => {
  const dir = makeFolder(t);
  const owner = start(t, dir, { handle: () => new Promise(() => undefined) });
  await owner.receiver.ready();
  const client = start(t, dir);
  assert.equal(await client.send(version(1)), 200);
  await until(() => client.receiver.stats().inbox?.queued === 1);
  const { open, oldest } = client.receiver.stats().inbox ?? {};
  assert.ok(open);
  assert.deepEqual(oldest, owner.receiver.stats().inbox?.oldest);
});

interface Address {
  path: string;
  key: string;
}

function addressOf(dir: string): Address {
  return JSON.parse(readFileSync(join(dir, "lock"), "utf8")).socket;
}

/** A connection that sends what a test wants, and collects the messages of the owner. */
async function connectTo(t: TestContext, dir: string, hello: object = {}) {
  const { path, key } = addressOf(dir);
  const socket = connect(path);
  atEnd(t, () => socket.destroy());
  const heard: Record<string, unknown>[] = [];
  const reader = new FrameReader();
  let isClosed = false;
  socket.on("data", (chunk) => heard.push(...reader.read(chunk).map(({ head }) => head as Record<string, unknown>)));
  socket.on("error", () => undefined).once("close", () => (isClosed = true));
  const send = (head: object, body?: Buffer): void => {
    for (const bytes of encodeFrame(head, body)) socket.write(bytes);
  };
  send({ version: MESSAGES_VERSION, key, folder: folderIdOf(dir), ...hello });
  return { socket, send, heard, isClosed: () => isClosed };
}

const put = (number: number, push: StoredPush) => ({ number, operation: "put", ...pushFields(push) });

test("a push that arrives again with the same id, because its connection broke, is stored once", async (t) => {
  const dir = makeFolder(t);
  const owner = start(t, dir);
  await owner.receiver.ready();
  const pushes = [1, 2].map((number) => storedPush({ body: Buffer.from("{}"), subject: "a", sha256: `${number}` }));
  const [first, second] = pushes as [StoredPush, StoredPush];
  const before = await connectTo(t, dir);
  before.send(put(1, first), first.body);
  before.send(put(2, second), second.body);
  before.socket.end();
  await until(before.isClosed);
  const again = await connectTo(t, dir);
  again.send(put(1, first), first.body);
  again.send(put(2, second), second.body);
  await until(() => again.heard.some(({ number }) => number === 2));
  assert.deepEqual(
    again.heard.filter(({ number }) => number !== undefined),
    [
      { number: 1, value: "stored" },
      { number: 2, value: "stored" },
    ],
  );
  await owner.receiver.close();
  const next = start(t, dir);
  await next.receiver.ready();
  const last = await connectTo(t, dir);
  last.send(put(1, first), first.body);
  await until(() => last.heard.some(({ number }) => number === 1));
  assert.deepEqual((await marksOf(dir)).pushes, [first.id, second.id]);
});

test("a push that arrives again while it is being stored is stored once, also without detection of duplicates", async (t) => {
  const dir = makeFolder(t);
  const owner = start(t, dir, { duplicateWindowMs: 0 });
  await owner.receiver.ready();
  const push = storedPush({ subject: "a", sha256: "1" });
  const [before, again] = [await connectTo(t, dir), await connectTo(t, dir)];
  await until(() => [before, again].every(({ heard }) => heard.length === 2));
  for (const { send } of [before, again]) send(put(1, push), push.body);
  await until(() => [before, again].every(({ heard }) => heard.length === 3));
  assert.deepEqual((await marksOf(dir)).pushes, [push.id]);
});

test("many pushes of one process at once cause no warning of Node", async (t) => {
  const dir = makeFolder(t);
  const owner = start(t, dir);
  await owner.receiver.ready();
  const warnings: string[] = [];
  const add = ({ message }: Error): void => void warnings.push(message);
  process.on("warning", add);
  atEnd(t, () => process.removeListener("warning", add));
  const peer = await connectTo(t, dir);
  for (let number = 1; number <= 20; number++) {
    const push = storedPush({ subject: `s${number}`, sha256: "1" });
    peer.send(put(number, push), push.body);
  }
  await until(() => peer.heard.filter(({ value }) => value === "stored").length === 20);
  assert.deepEqual(warnings, []);
});

test("a broken or unknown peer is disconnected and changes nothing", async (t) => {
  const dir = makeFolder(t);
  const owner = start(t, dir);
  await owner.receiver.ready();
  const push = storedPush();
  const peers: ((peer: Awaited<ReturnType<typeof connectTo>>) => void)[] = [
    ({ socket }) => socket.write("POST / HTTP/1.1\r\n\r\n"),
    ({ socket }) => socket.write(Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 0x7b])),
    ({ socket }) => socket.write(Buffer.alloc(8, 0xff)),
    ({ send }) => send({ number: 1, operation: "shutDown" }),
    ({ send }) => send({ number: 1, operation: "toString" }),
    ({ send }) => send({ operation: "put" }),
    ({ send }) => send({ number: 1, operation: "put" }),
    ({ send }) => send({ ...put(1, push), head: { ...put(1, push).head, id: 7 } }, push.body),
    ({ send }) => send({ ...put(1, push), head: { ...put(1, push).head, at: "yesterday" } }, push.body),
    ({ send }) => send({ number: 1, operation: "drop", push: { toString: "no" } }),
  ];
  for (const break_ of peers) {
    const peer = await connectTo(t, dir);
    break_(peer);
    await until(peer.isClosed);
  }
  const stranger = await connectTo(t, dir, { key: "guessed" });
  await until(stranger.isClosed);
  const copied = await connectTo(t, dir, { folder: "1:2" });
  await until(copied.isClosed);
  assert.deepEqual([stranger.heard, copied.heard], [[], []]);
  assert.deepEqual((await marksOf(dir)).pushes, []);
  const client = start(t, dir);
  assert.equal(await client.send(version(1)), 200);
});

test("a process with another version of the messages is rejected with an error that says so", async (t) => {
  const dir = makeFolder(t);
  const owner = start(t, dir);
  await owner.receiver.ready();
  const newer = await connectTo(t, dir, { version: MESSAGES_VERSION + 1 });
  await until(newer.isClosed);
  assert.deepEqual(newer.heard, [{ version: MESSAGES_VERSION }]);
});

/** Writes the lock of a running process that listens where `onConnection` wants. */
async function fakeOwner(t: TestContext, dir: string, onConnection: (socket: Socket) => void): Promise<void> {
  const path =
    process.platform === "win32"
      ? `\\\\.\\pipe\\airudder-test-${process.pid}-${Math.random()}`
      : join(dir, "fake.sock");
  const server = createServer(onConnection);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  atEnd(t, () => server.close());
  const lock = { ...thisProcess(), pid: process.ppid, started: undefined, token: "other", socket: { path, key: "k" } };
  writeFileSync(join(dir, "lock"), JSON.stringify(lock));
}

test("an owner with another version of the messages: ready() rejects with journal_locked, and the message says why", async (t) => {
  const dir = makeFolder(t);
  await fakeOwner(t, dir, (socket) => {
    socket.on("error", () => undefined);
    for (const bytes of encodeFrame({ version: MESSAGES_VERSION + 1 })) socket.write(bytes);
  });
  const { receiver } = start(t, dir);
  await assert.rejects(receiver.ready(), { code: "journal_locked", message: /another version of airudder-webhooks/ });
});

test("an owner that does not respond: a push is rejected after about three seconds", async (t) => {
  const dir = makeFolder(t);
  await fakeOwner(t, dir, (socket) => {
    socket.on("error", () => undefined);
    const responses: object[][] = [
      [{ version: MESSAGES_VERSION }, { opened: true }],
      [{ number: 1, value: { open: true, queued: 0, dead: 0 } }],
    ];
    socket.on("data", () => {
      for (const head of responses.shift() ?? []) for (const bytes of encodeFrame(head)) socket.write(bytes);
    });
  });
  const { receiver, send } = start(t, dir);
  await receiver.ready();
  const sentAt = performance.now();
  assert.equal(await send(version(1)), 503);
  assert.ok(performance.now() - sentAt > 2_900);
});

test("Linux and macOS only: only the user of the owner can enter the folder of the socket; the folder is removed at the end", {
  skip: process.platform === "win32",
}, async (t) => {
  const dir = join(makeFolder(t), "inbox");
  const owner = start(t, dir);
  await owner.receiver.ready();
  const folder = dirname(addressOf(dir).path);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  await owner.receiver.close();
  assert.equal(existsSync(folder), false);
});

test("Linux and macOS only: without a temporary folder, the socket is in the inbox folder", {
  skip: process.platform === "win32",
}, async (t) => {
  const dir = join(makeFolder(t), "inbox");
  const before = process.env.TMPDIR;
  atEnd(t, () => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  });
  process.env.TMPDIR = join(dir, "none");
  const owner = start(t, dir);
  await owner.receiver.ready();
  assert.equal(dirname(addressOf(dir).path), dir);
  const client = start(t, dir);
  assert.equal(await client.send(version(1)), 200);
  await client.receiver.close();
  await owner.receiver.close();
  assert.deepEqual(
    readdirSync(dir).filter((name) => name.endsWith(".sock")),
    [],
  );
});

test("a copy of a folder that is in use has an owner of its own, although its lock file names the owner of the original", async (t) => {
  const dir = makeFolder(t);
  const original = start(t, dir);
  await original.receiver.ready();
  const copy = join(makeFolder(t), "copy");
  cpSync(dir, copy, { recursive: true });
  const minutesAgo = new Date(Date.now() - 600_000);
  utimesSync(join(copy, "lock"), minutesAgo, minutesAgo);
  const copied = start(t, copy);
  assert.equal(await copied.send(version(1)), 200);
  await until(() => copied.results().includes("handled"));
  assert.deepEqual((await marksOf(dir)).pushes, []);
});

test("two receivers of one process with the same folder cause a warning, because the handlers of the first handle the pushes of both", async (t) => {
  const dir = makeFolder(t);
  const warnings: string[] = [];
  const owner = start(t, dir);
  await owner.receiver.ready();
  const inbox = fileInbox(dir);
  atEnd(t, () => inbox.close(0));
  await inbox.open({ ...noEvents, warn: (code) => void warnings.push(code) });
  assert.deepEqual(warnings, ["AIRUDDER_INBOX_USED_TWICE"]);
});

test("an inbox whose receiver detects no duplicates stores the pushes of the other processes", async (t) => {
  const dir = makeFolder(t);
  const [owner, client] = [fileInbox(dir), fileInbox(dir)];
  atEnd(t, () => Promise.all([owner.close(0), client.close(0)]));
  const events: InboxEvents = noEvents;
  await owner.open(events);
  await client.open(events);
  assert.deepEqual(
    [owner.detectsDuplicates, client.detectsDuplicates, owner.capabilities?.shared],
    [false, true, true],
  );
  assert.equal(await client.put(storedPush()), "stored");
  assert.equal((await marksOf(dir)).pushes.length, 1);
});
