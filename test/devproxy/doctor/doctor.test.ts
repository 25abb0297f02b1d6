import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { DevproxyOptions } from "airudder-devproxy";
import { airudder, type Receiver } from "airudder-webhooks";
import express from "express";
import { Forwarder } from "../../../devproxy/src/delivery/index.js";
import { runChecks } from "../../../devproxy/src/doctor/index.js";
import { type Before, HOSTS, serve } from "../../helpers/app.js";
import { run, startProxy } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { LocaltunnelServer } from "../../helpers/localtunnel-server.js";
import { RecorderApp } from "../../helpers/recorder-app.js";
import { FakePrograms } from "../tunnel/fake-program.js";
import { checkReceiver } from "./internals.js";

const KEY = "s3cret-key";

/** An app with the middleware in it, and something before it. */
async function startApp(t: TestContext, before?: Before, token?: string): Promise<string> {
  const receiver = airudder({ key: KEY, ...(token === undefined ? {} : { token }) });
  t.after(() => receiver.close());
  const { url } = await serve(t, HOSTS["Express 5"](receiver, before));
  return `${url}/`;
}

async function findings(t: TestContext, options: DevproxyOptions): Promise<Record<string, [string, string]>> {
  const found: Record<string, [string, string]> = {};
  const journal = options.journal ?? join(makeFolder(t), "journal");
  for await (const { name, result, detail } of runChecks({ tunnel: "none", ...options, journal }))
    found[name] = [result, detail];
  return found;
}

test("without a problem no check fails, and nothing is created", async (t) => {
  const journal = join(makeFolder(t), "journal");
  const found = await findings(t, { target: await startApp(t), key: KEY, journal });
  assert.deepEqual(
    Object.entries(found).map(([name, [result]]) => [name, result]),
    [
      ["node", "ok"],
      ["config", "ok"],
      ["journal", "ok"],
      ["port", "ok"],
      ["app", "ok"],
      ["key and token", "ok"],
      ["handler", "skipped"],
      ["bytes", "ok"],
      ["response time", "ok"],
      ["clock", "skipped"],
      ["tunnel", "skipped"],
    ],
  );
  assert.equal(existsSync(journal), false);
});

test("a body parser before the receiver is detected", async (t) => {
  const target = await startApp(t, (app) => app.use(express.json()));
  const found = await findings(t, { target, key: KEY });
  assert.deepEqual(found.bytes?.[0], "failed");
  assert.match(String(found.bytes?.[1]), /before express\.json\(\)/);
});

test("a wrong key and a missing token are distinguished", async (t) => {
  const wrongKey = await findings(t, { target: await startApp(t), key: "other" });
  assert.match(wrongKey["key and token"]?.join(" ") ?? "", /^failed .*bad_sign.*--key/);
  const target = await startApp(t, undefined, "t0ken");
  const noToken = await findings(t, { target, key: KEY });
  assert.match(noToken.bytes?.join(" ") ?? "", /^unclear .*rejected the test push \(bad_token\); fix that first/);
  assert.match(noToken["key and token"]?.join(" ") ?? "", /^failed .*bad_token.*--target/);
  const right = await findings(t, { target: `${target}?token=t0ken`, key: KEY });
  assert.equal(right["key and token"]?.[0], "ok");
});

test("an app that rejects replays is reported, and no test push runs its handlers", async (t) => {
  const handled: unknown[] = [];
  const receiver = airudder({ key: KEY, allowReplays: false, token: false, warnings: false });
  receiver.on("*", (push) => void handled.push(push.replay));
  t.after(() => receiver.close());
  const { url } = await serve(t, receiver);
  const found = await findings(t, { target: `${url}/`, key: KEY });
  assert.match(
    found["key and token"]?.join(" ") ?? "",
    /^failed .*replay_not_allowed.*nothing was tested.*allowReplays/,
  );
  assert.deepEqual(handled, []);
});

test("doctor reports that the handler ran, that it failed and why, or that there is none", async (t) => {
  const cases: [((receiver: Receiver) => unknown) | undefined, RegExp][] = [
    [(receiver) => receiver.on("call.completed", () => undefined), /^ok .*ran/],
    [
      (receiver) =>
        receiver.on("call.completed", () => {
          throw new TypeError("no column tenant_id");
        }),
      /^failed .*TypeError: no column tenant_id/,
    ],
    [undefined, /^skipped .*no handler for call\.completed/],
  ];
  for (const [register, expected] of cases) {
    const receiver = airudder({ key: KEY, token: false, warnings: false });
    register?.(receiver);
    t.after(() => receiver.close());
    const { url } = await serve(t, receiver);
    const found = await findings(t, { target: `${url}/`, key: KEY });
    assert.match(found.handler?.join(" ") ?? "", expected);
    assert.equal(found["key and token"]?.[0], "ok");
  }
});

test("doctor reports an app that is down, that has another path, or that does not use the middleware", async (t) => {
  const app = await new RecorderApp().start();
  t.after(() => app.stop());
  const plain = await findings(t, { target: app.url });
  assert.deepEqual([plain["key and token"]?.[0], plain.bytes?.[0]], ["unclear", "unclear"]);
  assert.deepEqual(
    app.requests.map(({ headers }) => headers["airudder-replay"]),
    ["doctor", "doctor"],
  );
  app.reply = (_, response) => void response.writeHead(404).end();
  assert.match(
    (await findings(t, { target: app.url }))["key and token"]?.join(" ") ?? "",
    /^failed .*404: the path in --target/,
  );
  await app.stop();
  const down = await findings(t, { target: app.url });
  assert.match(down.app?.join(" ") ?? "", /^failed nothing listens at .*start the app/);
  assert.equal(down.bytes, undefined);
});

test("an app without a response is reported within the time limit of one response", async (t) => {
  const app = await new RecorderApp(() => undefined).start();
  t.after(() => app.stop());
  const forwarder = new Forwarder();
  t.after(() => forwarder.close());
  const found = await checkReceiver({ target: new URL(app.url), forwarder, timeoutMs: 300 });
  assert.deepEqual(
    found.map(({ name, result }) => [name, result]),
    [
      ["key and token", "unclear"],
      ["bytes", "unclear"],
      ["response time", "failed"],
    ],
  );
  assert.match(found.at(-1)?.detail ?? "", /^no response within 0\.3 s/);
  assert.equal(app.requests.length, 1);
});

test("a handler can recognise the test pushes, which match the schema", async (t) => {
  const seen: unknown[] = [];
  const receiver = airudder({ key: KEY });
  receiver.on("*", (push) => void seen.push([push.replay, push.type, push.drift]));
  t.after(() => receiver.close());
  const { url } = await serve(t, HOSTS["Express 5"](receiver));
  await findings(t, { target: `${url}/`, key: KEY });
  const valid = ["doctor", "call.completed", []];
  assert.deepEqual(seen, [valid, valid]);
});

test("doctor reports a journal that cannot be used, a damaged config, and a port in use", async (t) => {
  const folder = makeFolder(t);
  writeFileSync(join(folder, "file"), "");
  const target = await startApp(t);
  assert.match(
    (await findings(t, { target, journal: join(folder, "file") })).journal?.join(" ") ?? "",
    /^failed .*not a folder/,
  );
  writeFileSync(join(folder, "config.json"), "{");
  assert.match(
    (await findings(t, { target, journal: folder })).config?.join(" ") ?? "",
    /^failed .*config\.json is damaged/,
  );
  const { server } = await serve(t, () => undefined);
  const { port } = server.address() as import("node:net").AddressInfo;
  assert.match((await findings(t, { target, port })).port?.join(" ") ?? "", new RegExp(`^failed ${port} is not free`));
});

test("doctor gets the target from a running listen, and does not disturb it", async (t) => {
  const { dir, app } = await startProxy(t);
  const found = await findings(t, { journal: dir });
  assert.match(
    found.journal?.join(" ") ?? "",
    new RegExp(`^ok .*running listen \\(process ${process.pid}\\) writes to`),
  );
  assert.equal(found.app?.[0], "ok");
  assert.equal(app.requests.length, 2, "the target of the running listen was checked");
});

test("beside a running listen, given options are checked", async (t) => {
  const { dir, proxy } = await startProxy(t);
  const { server } = await serve(t, () => undefined);
  const { port } = server.address() as import("node:net").AddressInfo;
  const { url } = await serve(t, (_, response) => response.writeHead(500).end());
  const found = await findings(t, { journal: dir, port, tunnel: "localtunnel", tunnelHost: url });
  assert.match(found.port?.join(" ") ?? "", new RegExp(`^failed ${port} is not free`));
  assert.equal(found.tunnel?.[0], "failed");
  const listenPort = Number(new URL(proxy.localUrl).port);
  for (const options of [{}, { port: listenPort }]) {
    const found = await findings(t, { journal: dir, ...options });
    assert.deepEqual(found.port, ["ok", `the running listen uses ${listenPort}`]);
  }
});

test("beside a running listen, its key is used unless another is given", async (t) => {
  const { dir } = await startProxy(t, { target: await startApp(t), key: KEY });
  assert.equal((await findings(t, { journal: dir }))["key and token"]?.[0], "ok");
  assert.equal((await findings(t, { journal: dir, key: "another" }))["key and token"]?.[0], "failed");
});

test("beside a running listen, its token is used unless another is given", async (t) => {
  const target = await startApp(t, undefined, "t0ken");
  const { dir } = await startProxy(t, { target, key: KEY, token: "t0ken" });
  assert.equal((await findings(t, { journal: dir }))["key and token"]?.[0], "ok");
  const another = (await findings(t, { journal: dir, token: "another" }))["key and token"];
  assert.match(another?.join(" ") ?? "", /^failed .*bad_token/);
  const env = { AIRUDDER_KEY: "", AIRUDDER_TOKEN: "", AIRUDDER_TARGET: "" };
  const { code, out } = await run(["doctor", "--journal", dir, "--json"], { env });
  assert.equal(code, 0, out);
  assert.equal(out.includes("t0ken"), false, out);
});

test("without --key, the message about a rejected signature does not mention a given key", async (t) => {
  const found = await findings(t, { target: await startApp(t) });
  assert.deepEqual(found["key and token"], [
    "failed",
    "the app rejects the signature (bad_sign): its key is not the vendor's published key; give the app's key with --key",
  ]);
});

test("doctor --help says that a check that could not be made counts as failed", async () => {
  assert.match((await run(["doctor", "--help"])).out, /Exits with 1 if a check fails, or is marked \?/);
});

test("the tunnel is opened and pinged through its public URL; a taken name is reported", async (t) => {
  const server = await new LocaltunnelServer().start();
  t.after(() => server.stop());
  const target = await startApp(t);
  const options = { target, key: KEY, tunnel: "localtunnel", tunnelHost: server.url, subdomain: "doctor-name" };
  const found = await findings(t, options);
  assert.match(
    found.tunnel?.join(" ") ?? "",
    /^ok http:\/\/doctor-name\.localhost:\d+ forwards requests to this machine \(round trip \d+ ms\)/,
  );
  assert.equal(found.name?.[0], "ok");
  assert.equal(found.clock?.[0], "ok");
  await startProxy(t, { tunnel: "localtunnel", tunnelHost: server.url, subdomain: "doctor-name" }).then(({ proxy }) =>
    proxy.tunnelReady(),
  );
  const taken = await findings(t, options);
  assert.match(taken.name?.join(" ") ?? "", /^failed .*doctor-name is taken/);
});

test("the clock is compared with the tunnel server that the running listen uses", async (t) => {
  const server = await new LocaltunnelServer().start();
  t.after(() => server.stop());
  const { dir, proxy } = await startProxy(t, { tunnel: "localtunnel", tunnelHost: server.url });
  await proxy.tunnelReady();
  const found: Record<string, string> = {};
  for await (const { name, detail } of runChecks({ journal: dir })) found[name] = detail;
  assert.match(found.clock ?? "", new RegExp(`^within \\d+ s of ${new URL(server.url).host}$`));
});

test("the clock is compared with nothing when the running listen uses no tunnel server", async (t) => {
  const { dir } = await startProxy(t);
  for await (const { name, result } of runChecks({ journal: dir })) {
    if (name === "clock") assert.equal(result, "skipped");
  }
});

test("a missing tunnel program is reported with how to install it", async (t) => {
  const target = await startApp(t);
  const fakes = new FakePrograms(t, { only: true });
  const missing = await findings(t, { target, key: KEY, tunnel: "cloudflared" });
  assert.match(missing.program?.join(" ") ?? "", /^failed cloudflared is not installed: .*brew install cloudflared/);
  assert.equal(missing.tunnel, undefined);
  fakes.add("cloudflared", 'console.error("no network"); process.exitCode = 1;');
  const present = await findings(t, { target, key: KEY, tunnel: "cloudflared" });
  assert.match(present.program?.join(" ") ?? "", /^ok cloudflared is .*cloudflared/);
  assert.match(present.tunnel?.join(" ") ?? "", /^failed cloudflared ended .*no network/);
});

test("a tunnel that needs 9 seconds to open passes the check", async (t) => {
  const program = join(makeFolder(t), "slow-tunnel.cjs");
  const print = 'console.log(process.argv[2].replace("127.0.0.1", "slow.localhost"))';
  writeFileSync(program, `setTimeout(() => ${print}, 9_000); setInterval(() => undefined, 1_000);`);
  const tunnel = `command:"${process.execPath}" "${program}" {local}`;
  const found = await findings(t, { target: await startApp(t), key: KEY, tunnel });
  assert.match(found.tunnel?.join(" ") ?? "", /^ok http:\/\/slow\.localhost:\d+ forwards requests/);
});

test("a tunnel server that cannot be reached fails the check with its reason", async (t) => {
  const { url } = await serve(t, (_, response) => response.writeHead(500).end());
  const found = await findings(t, { target: await startApp(t), key: KEY, tunnel: "localtunnel", tunnelHost: url });
  assert.equal(found.tunnel?.[0], "failed");
});

test("the command prints a line per check, and exits with 1 if a check failed", async (t) => {
  const server = createServer((_, response) => response.end()).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as import("node:net").AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const args = [
    "doctor",
    "--tunnel",
    "none",
    "--journal",
    join(makeFolder(t), "j"),
    "--target",
    `http://127.0.0.1:${port}/`,
  ];
  const down = await run(args);
  assert.equal(down.code, 1);
  assert.match(down.out, /^Sends the app two signed test pushes .*push\.replay is "doctor"\.\n/);
  assert.match(down.out, /^app +FAILED +nothing listens at 127\.0\.0\.1:\d+: start the app/m);
  assert.match(down.out, /\n1 failed \(/);
  const target = await startApp(t);
  const well = await run([...args.slice(0, -1), target, "--key", KEY, "--json"]);
  assert.equal(well.code, 0, well.out);
  const lines = well.lines();
  assert.deepEqual(lines.at(-1), { event: "doctor", ok: true, failures: 0, unclear: 0, ms: lines.at(-1)?.ms });
  assert.ok(
    lines.slice(0, -1).every(({ event, name, result, detail }) => event === "check" && name && result && detail),
  );
  const app = await new RecorderApp().start();
  t.after(() => app.stop());
  const unclear = await run([...args.slice(0, -1), app.url]);
  assert.equal(unclear.code, 1);
  assert.match(unclear.out, /\n2 could not be checked \(marked \?\) \(/);
});
