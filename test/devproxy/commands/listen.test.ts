import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { ListenProcess, run, sample, send, sha256, startRun, until } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { RecorderApp } from "../../helpers/recorder-app.js";

async function startApp(t: import("node:test").TestContext): Promise<RecorderApp> {
  const app = await new RecorderApp().start();
  t.after(() => app.stop());
  return app;
}

test("listen --json prints the documented ready, push and delivery; SIGTERM ends it with 0 and unlocks the journal", async (t) => {
  const app = await startApp(t);
  const dir = makeFolder(t);
  const listening = await ListenProcess.start(t, ["--target", app.url, "--journal", dir, "--no-inspect"]);
  await send(listening.localUrl, sample("dialer.task/running"));
  await until(() => listening.events.length === 3);
  const [ready, push, delivery] = listening.events;
  assert.deepEqual(ready, { event: "ready", local: listening.localUrl, public: null, inspector: null });
  assert.deepEqual(push, { event: "push", id: push?.id, seq: 1, type: "dialer.task", verified: false, drift: 0 });
  assert.deepEqual(delivery, { event: "delivery", push: push?.id, status: 200, ms: delivery?.ms, cause: "live" });
  assert.equal(typeof delivery?.ms, "number");
  assert.equal(await listening.stop(), 0);
  assert.equal(existsSync(join(dir, "lock")), false);
  assert.equal(existsSync(join(dir, "listen.json")), false);
});

test("after kill -9 right after a response, the push is in the journal and can be replayed byte for byte", async (t) => {
  const app = await startApp(t);
  const dir = makeFolder(t);
  const listening = await ListenProcess.start(t, ["--target", app.url, "--journal", dir]);
  const body = sample("call.completed/vendor-example");
  assert.equal((await send(listening.localUrl, body)).status, 200);
  await listening.kill();
  const shown = await run(["show", "1", "--raw", "--journal", dir]);
  assert.equal(sha256(shown.stdout), sha256(body));
  const again = await run(["replay", "1", "--to", app.url, "--journal", dir, "--expect", "2xx"]);
  assert.equal(again.code, 0, again.err);
  assert.deepEqual(
    app.requests.map((request) => request.sha256),
    [sha256(body), sha256(body)],
  );
});

test("after kill -9 under load, every push with a 200 is in the journal", async (t) => {
  const app = await startApp(t);
  const dir = makeFolder(t);
  const listening = await ListenProcess.start(t, ["--target", app.url, "--journal", dir]);
  const acknowledged: string[] = [];
  const senders = Array.from({ length: 16 }, async (_, sender) => {
    for (let n = 0; ; n++) {
      const body = `{"sender":${sender},"n":${n}}`;
      try {
        if ((await send(listening.localUrl, body)).status === 200) acknowledged.push(sha256(Buffer.from(body)));
      } catch {
        return;
      }
    }
  });
  await until(() => acknowledged.length > 100);
  await listening.kill();
  await Promise.all(senders);
  const listed = await run(["list", "--json", "--journal", dir]);
  const kept = new Set(listed.lines().map((line) => line.sha256));
  assert.deepEqual(
    acknowledged.filter((hash) => !kept.has(hash)),
    [],
  );
  const next = await ListenProcess.start(t, ["--target", app.url, "--journal", dir]);
  assert.equal(await next.stop(), 0);
});

test("a second listen on the same journal exits with 3 and names the owner; list and replay work beside the first", async (t) => {
  const app = await startApp(t);
  const dir = makeFolder(t);
  const listening = await ListenProcess.start(t, ["--target", app.url, "--journal", dir]);
  await send(listening.localUrl, "{}");
  const second = await run(["listen", "--tunnel", "none", "--journal", dir]);
  assert.equal(second.code, 3);
  assert.match(second.err, new RegExp(`^airudder-devproxy: .*in use by process ${listening.child.pid} on .*\n$`));
  const listed = await run(["list", "--journal", dir, "--json"]);
  assert.equal(listed.lines().length, 1);
  const replayed = await run(["replay", "1", "--journal", dir, "--json", "--expect", "200"]);
  assert.equal(replayed.code, 0, replayed.err);
  assert.equal(app.requests.length, 2);
  await until(() => listening.events.some(({ cause }) => cause === "replay"));
});

test("in a pipe, listen prints its URLs as a tree, and one line per push and its delivery, without colours", async (t) => {
  const app = await startApp(t);
  const dir = makeFolder(t);
  app.reply = (_, response) => {
    response
      .writeHead(200, {
        "airudder-outcome": '{"type":"dialer.task","verified":false,"duplicate":true,"drift":0,"ms":1}',
      })
      .end("{}");
  };
  const { spawn } = await import("node:child_process");
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "devproxy/src/cli.ts", "--tunnel", "none", "--target", app.url, "--journal", dir],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  t.after(() => child.kill("SIGKILL"));
  let out = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  await until(() => /local +http\S+/.test(out));
  await send(String(/local +(http\S+)/.exec(out)?.[1]), sample("dialer.task/running"));
  await until(() => out.includes("upgrade its airudder-webhooks\n"));
  assert.match(out, /public +no tunnel/);
  assert.match(out, /^\d\d:\d\d:\d\d {2}#1 +dialer\.task +task \S+ +200 +\S+ ms {2}duplicate$/m);
  assert.equal(out.includes("\u001b"), false);
});

test("listen continues after the reader closes its output", async (t) => {
  const app = await startApp(t);
  const dir = makeFolder(t);
  const listening = await ListenProcess.start(t, ["--target", app.url, "--journal", dir]);
  listening.child.stdout?.destroy();
  for (let n = 0; n < 5; n++) assert.equal((await send(listening.localUrl, `{"n":${n}}`)).status, 200);
  assert.equal(await listening.stop(), 0);
});

test("on SIGTERM, a push that waits for the app is acknowledged, and delivered at the next start", async (t) => {
  const app = await startApp(t);
  await app.stop();
  const dir = makeFolder(t);
  const listening = await ListenProcess.start(t, ["--target", app.url, "--journal", dir]);
  const response = send(listening.localUrl, '{"n":1}');
  await until(() => listening.events.some(({ event }) => event === "delivery"));
  assert.equal(await listening.stop(), 0);
  assert.equal((await response).status, 200);
  await app.start();
  await ListenProcess.start(t, ["--target", app.url, "--journal", dir]);
  await app.received(1);
  assert.equal(app.requests[0]?.body.toString(), '{"n":1}');
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`not on Windows, which has no signals: ${signal} ends listen, which prints a summary of the journal`, {
    skip: process.platform === "win32",
  }, async (t) => {
    const app = await startApp(t);
    const cwd = makeFolder(t);
    const listening = await ListenProcess.start(t, ["--target", app.url, "--journal", join(cwd, "pushes")]);
    for (const n of [1, 2]) assert.equal((await send(listening.localUrl, `{"n":${n}}`)).status, 200);
    await app.stop();
    const held = send(listening.localUrl, '{"n":3}');
    await until(() => listening.events.filter(({ event }) => event === "delivery").length === 3);
    listening.child.kill(signal);
    assert.equal((await held).status, 200);
    await until(() => listening.child.exitCode !== null && listening.events.at(-1)?.event === "stopped");
    assert.equal(listening.child.exitCode, 0);
    const { addedMs, ...stopped } = listening.events.at(-1) ?? {};
    const counts = { seen: 3, recorded: 3, delivered: 2, failed: 0, quarantined: 0, undelivered: 1, total: 3 };
    assert.deepEqual(stopped, { event: "stopped", ...counts, journal: join(cwd, "pushes") });
    const { p50, p99 } = addedMs as { p50: number; p99: number };
    assert.ok(p50 > 0 && p50 <= p99 && p99 < 2_000, JSON.stringify(addedMs));

    const { child, ended } = startRun(["--target", app.url, "--tunnel", "none", "--journal", "pushes"], { cwd });
    child.stdout?.once("data", () => child.kill(signal));
    const { code, out } = await ended;
    assert.equal(code, 0);
    const lines =
      "stopped: 0 pushes received, 0 recorded, 0 delivered, 0 failed, 0 undelivered\njournal: pushes, 3 pushes\n";
    assert.ok(out.endsWith(`\n${lines}`), out);
  });
}

test("a port in use is reported on one line, with exit code 2, and the journal is unlocked", async (t) => {
  const dir = makeFolder(t);
  const server = createServer().listen(0, "127.0.0.1");
  t.after(() => server.close());
  await until(() => server.listening);
  const { port } = server.address() as import("node:net").AddressInfo;
  const { code, err } = await run(["listen", "--tunnel", "none", "--port", String(port), "--journal", dir]);
  assert.equal(code, 2);
  assert.match(err, new RegExp(`^airudder-devproxy: Port ${port} is in use.*\n$`));
  assert.equal(existsSync(join(dir, "lock")), false);
});

test("listen creates the folder of --journal", async (t) => {
  const cwd = makeFolder(t);
  const listening = await ListenProcess.start(t, ["--journal", join(cwd, "deep", "er")]);
  await listening.stop();
  assert.ok(readFileSync(join(cwd, "deep", "er", "config.json")));
});
