import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { airudder, type FileInboxOptions, fileInbox, type Push } from "airudder-webhooks";
import { makeFolder } from "../../helpers/folder.js";
import { agentStatus, KEY, webRequest } from "../../helpers/push.js";
import { until } from "../../helpers/until.js";

function start(t: TestContext, dir: string, options: FileInboxOptions = {}) {
  const receiver = airudder({ key: KEY, inbox: fileInbox(dir, options), warnings: false });
  t.after(() => receiver.close({ timeoutMs: 1 }));
  const send = async (State: string, headers: Record<string, string> = {}): Promise<void> => {
    const request = webRequest(agentStatus({ State }), headers);
    assert.equal((await receiver.fetch(request)).status, 200);
  };
  return { receiver, send };
}

const stateOf = ({ payload }: Push): unknown => (payload as ReturnType<typeof agentStatus>).pds.body.State;

test("an earlier status that is sent again is not a duplicate if another one arrived while the inbox was opening", async (t) => {
  const dir = makeFolder(t);
  const first = start(t, dir);
  first.receiver.on("*", () => undefined);
  await first.send("IDLE");
  await until(() => first.receiver.stats().handled === 1);
  await first.receiver.close();

  const second = start(t, dir);
  const seen: unknown[] = [];
  second.receiver.on("*", (push) => void seen.push(stateOf(push)));
  await second.send("BUSY");
  await second.send("IDLE");
  await until(() => seen.length === 2);
  assert.deepEqual(seen, ["BUSY", "IDLE"]);
});

test("a subject's pushes stay in order across a restart, also if the first was rewritten to a later segment", async (t) => {
  const dir = makeFolder(t);
  const first = start(t, dir, { segmentBytes: 20_000, retryMs: 600_000, maxRetryMs: 600_000 });
  first.receiver.on("dialer.agent", () => Promise.reject(new Error("down"))).on("unknown", () => undefined);
  await first.send("IDLE");
  for (let i = 0; i < 10; i++) await first.receiver.fetch(webRequest({ filler: `${i}${" ".repeat(2_000)}` }));
  await first.send("BUSY");
  for (let i = 0; i < 40; i++) await first.receiver.fetch(webRequest({ filler: `${i}${"-".repeat(2_000)}` }));
  await until(() => first.receiver.stats().handled === 50);
  const dropped = join(dir, "000001.ndjson");
  await until(async () => {
    await first.receiver.fetch(webRequest({ more: Math.random() }));
    return !existsSync(dropped);
  });
  await first.receiver.close({ timeoutMs: 1 });

  const second = start(t, dir);
  const seen: unknown[] = [];
  second.receiver.on("dialer.agent", (push) => void seen.push(stateOf(push)));
  await until(() => seen.length === 2);
  assert.deepEqual(seen, ["IDLE", "BUSY"]);
});

test("dead() lists dead pushes without an earlier ready()", async (t) => {
  const dir = makeFolder(t);
  const first = start(t, dir, { retries: 0 });
  first.receiver.on("*", () => Promise.reject(new Error("no")));
  await first.send("IDLE");
  await until(async () => (await first.receiver.dead()).length === 1);
  await first.receiver.close();
  assert.equal((await start(t, dir).receiver.dead()).length, 1);
});
