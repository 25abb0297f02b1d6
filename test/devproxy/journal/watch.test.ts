import assert from "node:assert/strict";
import fs, { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { type DevproxyEvent, startDevproxy } from "airudder-devproxy";
import { runChecks } from "../../../devproxy/src/doctor/doctor.js";
import { openSnapshot } from "../../../devproxy/src/journal/store.js";
import { ListenProcess, run, send, startProxy, until } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { RecorderApp } from "../../helpers/recorder-app.js";
import { replaceFs, systemError } from "../../middleware/journal/failing-fs.js";

const isWindows = process.platform === "win32";

function messageOf(events: readonly DevproxyEvent[], code: string): string | undefined {
  const found = events.find((event) => event.event === "note" && event.code === code);
  return found?.event === "note" ? found.message : undefined;
}

for (const [what, remove] of [
  ["removed", (dir: string) => rmSync(dir, { recursive: true })],
  ["moved", (dir: string) => renameSync(dir, `${dir}-moved`)],
  [
    "replaced",
    (dir: string) => {
      rmSync(dir, { recursive: true });
      mkdirSync(dir);
    },
  ],
] as const) {
  test(`a journal that is ${what} while listen runs is reported within a second, and pushes get the response 503`, {
    skip: isWindows,
  }, async (t) => {
    const { proxy, dir, events } = await startProxy(t, { journal: join(makeFolder(t), "journal") });
    assert.equal((await send(proxy.localUrl, "{}")).status, 200);
    const start = performance.now();
    remove(dir);
    await until(() => messageOf(events, "journal_gone") !== undefined);
    assert.ok(performance.now() - start < 1_500);
    assert.match(
      String(messageOf(events, "journal_gone")),
      /was removed, moved or emptied\. The dev proxy responds 503/,
    );
    assert.equal((await send(proxy.localUrl, "{}")).status, 503);
    if (what === "replaced") assert.deepEqual(readdirSync(dir), []);
    else assert.equal(existsSync(dir), false);
  });
}

test("a push right after the journal was moved is not acknowledged; moved back, it is recorded again", {
  skip: isWindows,
}, async (t) => {
  const { proxy, dir, events } = await startProxy(t, { journal: join(makeFolder(t), "journal") });
  assert.equal((await send(proxy.localUrl, '{"n":1}')).status, 200);
  renameSync(dir, `${dir}-moved`);
  assert.equal((await send(proxy.localUrl, '{"n":2}')).status, 503);
  assert.equal(existsSync(dir), false);
  await until(() => messageOf(events, "journal_gone") !== undefined);
  renameSync(`${dir}-moved`, dir);
  await until(() => messageOf(events, "journal_back") !== undefined);
  assert.equal((await send(proxy.localUrl, '{"n":3}')).status, 200);
  const reader = await openSnapshot(dir);
  const last = reader.index.rows.at(-1);
  assert.ok(last);
  assert.equal((await reader.content(last.location)).body.toString(), '{"n":3}');
});

test("listen --json reports a removed journal on standard error", { skip: isWindows }, async (t) => {
  const app = await new RecorderApp().start();
  t.after(() => app.stop());
  const dir = join(makeFolder(t), "journal");
  const listening = await ListenProcess.start(t, ["--target", app.url, "--journal", dir]);
  rmSync(dir, { recursive: true });
  await until(() => listening.err.includes("was removed, moved or emptied"));
  assert.equal(await listening.stop(), 0);
});

test("a start that generates a new secret for a journal with pushes reports that the URL has changed", async (t) => {
  const { proxy, dir, app } = await startProxy(t);
  await send(proxy.localUrl, "{}");
  await proxy.close();
  rmSync(join(dir, "config.json"));
  const events: DevproxyEvent[] = [];
  const options = {
    target: app.url,
    tunnel: "none",
    journal: dir,
    onEvent: (event: DevproxyEvent) => events.push(event),
  };
  const again = await startDevproxy(options);
  await again.close();
  assert.notEqual(again.localUrl.split("/in/")[1], proxy.localUrl.split("/in/")[1]);
  assert.match(String(messageOf(events, "url_changed")), /had no config\.json, so the public URL has changed/);
  const next = await startProxy(t);
  assert.equal(messageOf(next.events, "url_changed"), undefined);
});

test("on a full disk listen and doctor report that pushes get the response 503, and replay exits with 3", async (t) => {
  const { proxy, dir, events, app } = await startProxy(t);
  await send(proxy.localUrl, "{}");
  await until(() => proxy.store.index.rows[0]?.deliveries.length === 1);
  let isFull = true;
  replaceFs(t, "write", (original) => (...args: unknown[]) => {
    if (isFull) (args.at(-1) as (error: Error) => void)(systemError("ENOSPC"));
    else (original as (...args: unknown[]) => void)(...args);
  });
  assert.equal((await send(proxy.localUrl, "{}")).status, 503);
  assert.match(String(messageOf(events, "not_recorded")), /response was 503.*ENOSPC/);
  const journalFinding = async () => {
    for await (const finding of runChecks({ journal: dir, target: app.url, tunnel: "none" })) {
      if (finding.name === "journal") return finding;
    }
    return undefined;
  };
  const finding = await journalFinding();
  assert.equal(finding?.result, "failed");
  assert.match(String(finding?.detail), /cannot write the journal and responds 503 to pushes: .*ENOSPC/);
  const replayed = await run(["replay", "1", "--journal", dir]);
  assert.equal(replayed.code, 3);
  assert.match(replayed.out, /1 delivery could not be recorded in the journal/);
  isFull = false;
  assert.equal((await send(proxy.localUrl, "{}")).status, 200);
  assert.equal((await journalFinding())?.result, "ok");
});

test("a volume without free space is reported before a push is received", async (t) => {
  const mock = t.mock.method(fs.promises, "statfs", async () => ({ bavail: 1, bsize: 4096, blocks: 100 }) as never);
  syncBuiltinESMExports();
  t.after(() => {
    mock.mock.restore();
    syncBuiltinESMExports();
  });
  const { events } = await startProxy(t);
  await until(() => messageOf(events, "journal_full") !== undefined);
  assert.match(
    String(messageOf(events, "journal_full")),
    /is full\. The dev proxy responds 503 to pushes that it cannot record/,
  );
});
