import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { JsonText } from "../../../devproxy/src/privacy/json-text.js";
import { run, sample, send, startProxy } from "../../helpers/devproxy.js";
import { programs } from "../../helpers/devproxy-programs.js";

const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
const STEERING = "\u001b[31m\u009b1m\u202eevil\u2066\u200f\u061c\u0007";

test("values are shown unchanged: big integers, exponents, duplicate keys, escapes", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  const body = '{"big":9007199254740993,"e":1e400,"f":1.0,"a":1,"a":2,"u":"\\u0041\\/","o":{},"l":[],"n":[1,{"x":-0}]}';
  app.reply = (_, response) => void response.end(body);
  await send(proxy.localUrl, body);
  await send(proxy.localUrl, sample("call.completed/answered"));
  await proxy.close();
  const at = ["--journal", dir];
  const people = (await run(["show", "1", "--reveal", ...at])).out;
  const printed =
    '"big": 9007199254740993,\n    "e": 1e400,\n    "f": 1.0,\n    "a": 1,\n    "a": 2,\n    "u": "\\u0041\\/",';
  assert.ok(people.includes(`  {\n    ${printed}\n    "o": {},\n    "l": [],\n    "n": [\n      1,\n`), people);
  const json = (await run(["show", "1", "--reveal", "--json", ...at])).out;
  assert.ok(json.includes(`"body":${body},`), json);
  assert.equal(json.split(body).length, 3);
  const call = (await run(["show", "2", ...at])).out;
  assert.match(call, /"CallTimes": 2,/);
  assert.match((await run(["show", "1", ...at])).out, /"a": "<number:\w+>",\n +"a": "<number:\w+>"/);
});

test("a JSON text is printed in lines as JSON.stringify prints it", () => {
  for (const value of [{}, [], { a: [] }, [[], [{}]], { a: { b: [1, "x,]}{", { c: null }] }, d: '"\\' }, "x", 1])
    assert.equal(new JsonText(JSON.stringify(value)).pretty(), JSON.stringify(value, null, 2));
});

test("a body of 10,000 levels is shown", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  const deep = `{"a":${"[".repeat(10_000)}"Budi"${"]".repeat(10_000)}}`;
  app.reply = (_, response) => void response.end(deep);
  await send(proxy.localUrl, deep);
  await proxy.close();
  for (const args of [
    ["show", "1"],
    ["show", "1", "--json"],
    ["show", "1", "--reveal"],
    ["show", "1", "--reveal", "--json"],
    ["replay", "1", "--dry-run"],
  ]) {
    const { code, out, err } = await run([...args, "--journal", dir]);
    assert.deepEqual([code, err], [0, ""], args.join(" "));
    assert.equal(out.includes("Budi"), args.includes("--reveal"), args.join(" "));
    assert.ok(out.length < 200_000, `${out.length}`);
  }
});

test("an id of 5 MB does not make a long line", async (t) => {
  const { proxy, dir } = await startProxy(t);
  const push = JSON.parse(sample("call.completed/answered").toString());
  push.TaskID = "x".repeat(5_000_000);
  await send(proxy.localUrl, JSON.stringify(push));
  await proxy.close();
  for (const args of [["list"], ["list", "--json"], ["list", "--reveal"], ["show", "1", "--json"]]) {
    const { out } = await run([...args, "--journal", dir]);
    assert.ok(out.length < 10_000, `${args.join(" ")}: ${out.length}`);
  }
});

test("control characters and marks of direction never reach a terminal", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  const push = JSON.parse(sample("call.completed/answered").toString());
  push.TaskID = STEERING;
  push.Details[0].CallID = `${STEERING}2`;
  push.Details[0].Variables = { [STEERING]: STEERING };
  app.reply = (_, response) => {
    response.setHeader("x-control", Buffer.from("\u009b1m\u202e").toString("latin1"));
    response.end(JSON.stringify({ [STEERING]: STEERING }));
  };
  const header = Buffer.from("\u009b1m\u202e").toString("latin1");
  await send(proxy.localUrl, JSON.stringify(push), { headers: { "x-control": header } });
  await proxy.close();
  for (const args of [
    ["list"],
    ["list", "--json"],
    ["show", "1"],
    ["show", "1", "--json"],
    ["show", "1", "--curl"],
    ["replay", "1", "--dry-run"],
    ["replay", "1", "--dry-run", "--set", "Details[0].Status=failed"],
    ["replay", "1", "--dry-run", "--json"],
    ["drift"],
    ["drift", "--json"],
  ])
    for (const reveal of [[], ["--reveal"]]) {
      const { code, out, err } = await run([...args, ...reveal, "--journal", dir]);
      assert.equal(code, 0, err);
      assert.equal(CONTROLS.test(out + err), false, JSON.stringify(out));
    }
  const [shown] = (await run(["show", "1", "--json", "--reveal", "--journal", dir])).lines() as [{ body: object }];
  assert.deepEqual(shown.body, push);
});

test("--curl sends the same bytes of headers, and adds no content type", {
  skip: process.platform === "win32",
}, async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  const header = Buffer.from("it's 100% \\ \u009b1m\u202e").toString("latin1");
  await send(proxy.localUrl, `{"a":"\u202e"}`, { headers: { "x-control": header } });
  await new Promise((resolve) => request(proxy.localUrl, { method: "POST", agent: false }, resolve).end("{}"));
  await proxy.close();
  const program = `'${process.execPath}' --import '${programs().exitWithParent}' '${programs().cli}'`;
  for (const id of ["1", "2"]) {
    const { out } = await run(["show", id, "--curl", "--reveal", "--journal", dir]);
    assert.equal(CONTROLS.test(out), false, out);
    writeFileSync(
      join(dir, "again.sh"),
      out.replace("npx airudder-devproxy", program).replace("curl -X", "curl -s -X"),
    );
    await new Promise((resolve) => execFile("sh", [join(dir, "again.sh")], resolve));
  }
  const [first, second, again, untyped] = app.requests;
  assert.equal(again?.headers["x-control"], first?.headers["x-control"]);
  assert.equal(again?.sha256, first?.sha256);
  assert.deepEqual([second?.headers["content-type"], untyped?.headers["content-type"]], [undefined, undefined]);
  assert.equal(untyped?.sha256, second?.sha256);
});

test("a config that other users can read is reported with how to fix it", {
  skip: process.platform === "win32",
}, async (t) => {
  const { proxy, dir } = await startProxy(t);
  await send(proxy.localUrl, "{}");
  await proxy.close();
  assert.equal((await run(["list", "--journal", dir])).err, "");
  chmodSync(join(dir, "config.json"), 0o644);
  const { code, err } = await run(["list", "--journal", dir]);
  assert.equal(code, 0);
  assert.match(err, /^airudder-devproxy: Other users can open \S+config\.json \(mode 0644\).* Run: chmod 600 \S+\n$/);
});
