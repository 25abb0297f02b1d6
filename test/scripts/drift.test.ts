import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { SchemaPatch } from "airudder-devproxy";
import { airudder, fileInbox } from "airudder-webhooks";
import { type Case, payloadOf, SchemasCopy } from "../devproxy/drift/rig.js";
import { makeFolder } from "../helpers/folder.js";
import { callCompleted, KEY, webRequest } from "../helpers/push.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Result {
  code: number | null;
  out: string;
  err: string;
}

/** Runs the script as `npm run drift` does: in the root, with the caller's directory in INIT_CWD. */
async function drift(args: string[], calledIn = root): Promise<Result> {
  const child: ChildProcess = spawn(process.execPath, ["--import", "tsx", "scripts/drift.ts", ...args], {
    cwd: root,
    env: { ...process.env, INIT_CWD: calledIn, TSX_TSCONFIG_PATH: join(root, "tsconfig.json") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const result: Result = { code: null, out: "", err: "" };
  child.stdout?.on("data", (chunk) => {
    result.out += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    result.err += chunk;
  });
  [result.code] = await once(child, "close");
  return result;
}

function written(t: TestContext, text: string): string {
  const path = join(makeFolder(t), "pushes.json");
  writeFileSync(path, text);
  return path;
}

test("the drift of a file is printed with the patch of the hand-written schemas that makes the push valid", async (t) => {
  const payload = payloadOf("call.completed/answered");
  Object.assign(payload.Details[0], { RingType: "voicemail", Brand: ["x"], CallTimes: null });
  delete payload.Details[0].Comments;
  Object.assign(payload, { nodetask_id: 7 });
  const path = written(t, JSON.stringify(payload, null, 2));

  const people = await drift([path]);
  assert.equal(people.code, 0, people.err);
  assert.match(people.out, /^5 drifts in 1 of 1 push$/m);

  const { code, out } = await drift([path, "--json", "--reveal"]);
  assert.equal(code, 0);
  const events = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const patches: (SchemaPatch & { event: string })[] = events.filter(({ event }) => event === "patch");
  assert.deepEqual(
    patches.map(({ file }) => file),
    ["schemas/common/call-detail.json", "schemas/common/ring-type.json", "schemas/common/workflow.json"],
  );
  const cases: Case[] = [["call.completed", payload]];
  const copy = new SchemasCopy(t);
  assert.equal(copy.passes(cases), false);
  copy.apply({ patches });
  assert.equal(copy.passes(cases), true);
});

test("the folder of a file inbox is accepted; a path is relative to where npm was called", async (t) => {
  const folder = makeFolder(t);
  const receiver = airudder({ key: KEY, inbox: fileInbox(join(folder, "inbox")) }).on("*", () => undefined);
  for (const Brand of [undefined, "x", "y"]) {
    assert.equal((await receiver.fetch(webRequest(callCompleted({ Brand })))).status, 200);
  }
  await receiver.close();
  const { code, out } = await drift(["inbox"], folder);
  assert.equal(code, 0);
  assert.match(out, /^call\.completed {2}\/Brand {2}unknown field {2}2 pushes$/m);
  assert.match(out, /, #2, #3$/m);
  assert.match(out, /^1 drift in 2 of 3 pushes$/m);
});

test("without drift the exit code is 0", async (t) => {
  const path = written(t, JSON.stringify(payloadOf("call.completed/answered")));
  assert.deepEqual(await drift([path]), { code: 0, out: "no drift in 1 push\n", err: "" });
  assert.deepEqual(await drift([path, "--json"]), { code: 0, out: "", err: "" });
});

test("wrong usage is one line and exits 2; an unreadable journal exits 3", async (t) => {
  const folder = makeFolder(t);
  const text = written(t, "Jane Doe");
  const newer = makeFolder(t);
  writeFileSync(join(newer, "000001.ndjson"), '{"kind":"segment","version":99,"seq":1}\n');
  const cases: [args: string[], code: number, message: RegExp][] = [
    [[], 2, /Give one file or folder: npm run drift/],
    [[text, text], 2, /Give one file or folder/],
    [["--nonsense", text], 2, /Unknown option --nonsense\. Usage: npm run drift/],
    [[join(folder, "nothing")], 2, /does not exist/],
    [[folder], 2, /is not a journal/],
    [[text], 2, /is not JSON/],
    [[newer], 3, /format 99/],
  ];
  if (process.getuid?.() !== 0 && process.platform !== "win32") {
    const closed = written(t, "{}");
    chmodSync(closed, 0);
    cases.push([[closed], 2, /cannot be read \(EACCES\)/]);
  }
  for (const [args, code, message] of cases) {
    const result = await drift(args);
    assert.deepEqual([args, result.code, result.out], [args, code, ""], result.err);
    assert.match(result.err, message);
    assert.match(result.err, /^drift: [^\n]+\n$/);
    assert.equal(result.err.includes("Jane"), false);
  }
});
