import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { run, sample, send, sha256, startProxy, startRun, until } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";

const wrong: [string[], RegExp][] = [
  [
    ["lsit"],
    /"lsit" is not a command\. Did you mean list\? Give one of listen, list, show, replay, trigger, pin, .*completion\.$/m,
  ],
  [["help", "lsit"], /"lsit" is not a command\. Did you mean list\? Give one of listen/],
  [["--json", "list"], /Put the command before its flags: airudder-devproxy list/],
  [["--journal", "x", "list"], /Put the command before its flags/],
  [["--status", "failed", "replay"], /Put the command before its flags: airudder-devproxy replay/],
  [["--nonsense"], /unknown option '--nonsense'$/m],
  [["--taget", "http://localhost/"], /unknown option '--taget'\. Did you mean --target\?$/m],
  [["replay", "1", "--exepct", "2xx"], /unknown option '--exepct'\. Did you mean --expect\?$/m],
  [["listen", "--target", "localhost:3000"], /--target "localhost:3000" is not an http\(s\) URL/],
  [["listen", "--target", "ftp://x/y"], /--target/],
  [["listen", "--port", "70000"], /--port/],
  [["listen", "--port", "x"], /--port/],
  [["listen", "--tunnel", "carrier-pigeon"], /--tunnel/],
  [["listen", "--tunnel", "url:nowhere"], /--tunnel/],
  [["listen", "--subdomain", "No Name"], /--subdomain/],
  [["listen", "--when-down", "cry"], /--when-down .*'cry' is invalid\. Allowed choices are hold, ack, fail\.$/m],
  [["listen", "--when-down", "hodl"], /Allowed choices are hold, ack, fail\. Did you mean hold\?$/m],
  [["listen", "--tunnel", "cloudflard"], /\(got "cloudflard"\)\. Did you mean cloudflared\?$/m],
  [["listen", "--tunnel", "ssh"], /\(got "ssh"\)\.$/m],
  [["list", "--status", "good"], /--status "good" is unknown/],
  [["list", "--type", "call.complete"], /is unknown\. Did you mean call\.completed\? Give one of call\.completed/],
  [["list", "--type", "nonsense"], /--type "nonsense" is unknown\. Give one of call\.completed/],
  [["list", "--status", "handeld"], /--status "handeld" is unknown\. Did you mean handled\? Give one of handled/],
  [["list", "--since", "soon"], /--since "soon" is not a time/],
  [["list", "--last", "0"], /--last/],
  [["list", "--since", "1h", "--until", "2h"], /--since 1h is later than --until 2h/],
  [["show"], /missing required argument 'id'/],
  [["show", "99"], /no push 99; the journal contains #1 to #2/],
  [["show", "1..2"], /refers to 2 pushes/],
  [["show", "1", "--raw", "--json"], /cannot be used with/],
  [["replay"], /Select the pushes to replay/],
  [["replay", "5..9"], /no push in 5\.\.9/],
  [["replay", "1", "--speed", "0"], /--speed/],
  [["replay", "1", "--expect", "fine"], /--expect "fine"/],
  [["replay", "1", "--set", "Details[9].CallID=1"], /there is no Details\[9\]\.CallID in #1/],
  [["replay", "1", "--to", "x"], /--to "x"/],
  [["replay", "1", "--key", ""], /--key is empty\. Leave it out to send each push with its recorded Sign/],
  [["replay", "1", "--key", "", "--dry-run"], /--key is empty/],
];

test("wrong usage is reported on one line, with exit code 2, and changes nothing", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  await send(proxy.localUrl, sample("call.completed/answered"));
  await send(proxy.localUrl, "{}");
  await proxy.close();
  const before = readdirSync(dir);
  for (const [args, message] of wrong) {
    const takesJournal = !args[0]?.startsWith("-") && args[0] !== "lsit" && args[0] !== "help";
    const { code, out, err } = await run(takesJournal ? [...args, "--journal", dir] : args);
    assert.deepEqual([args, code, out], [args, 2, ""], err);
    assert.match(err, message, args.join(" "));
    assert.match(err, /^airudder-devproxy: [^\n]+\n$/, args.join(" "));
  }
  assert.deepEqual(readdirSync(dir), before);
  assert.equal(app.requests.length, 2);
});

test("a mistyped command gets a suggestion if a similar one exists; an empty AIRUDDER_KEY counts as not set", async (t) => {
  const suggestions: [string, string | undefined][] = [
    ["lits", "list"],
    ["repaly", "replay"],
    ["docter", "doctor"],
    ["compeltion", "completion"],
    ["campaign", undefined],
  ];
  for (const [word, near] of suggestions) {
    const { code, err } = await run([word]);
    assert.equal(code, 2);
    assert.equal(/Did you mean (\w+)\?/.exec(err)?.[1], near, word);
  }
  const folder = makeFolder(t);
  const { out } = await run(["doctor", "--tunnel", "none", "--journal", join(folder, "none")], {
    env: { AIRUDDER_KEY: "" },
  });
  assert.match(out, /^node +OK/m);
});

test("a journal that cannot be read is reported on one line, with exit code 3", async (t) => {
  const folder = makeFolder(t);
  const newer = join(folder, "newer");
  mkdirSync(newer);
  writeFileSync(join(newer, "000001.ndjson"), '{"kind":"segment","version":99,"seq":1}\n');
  writeFileSync(join(folder, "file"), "");
  mkdirSync(join(folder, "other"));
  writeFileSync(join(folder, "other", "notes.txt"), "");
  const cases: [string, RegExp][] = [
    [join(folder, "other"), /is not a journal: it contains neither 000001\.ndjson nor config\.json/],
    [join(folder, "nowhere"), /does not exist/],
    [join(folder, "file"), /is not a folder/],
    [newer, /format 99/],
  ];
  if (process.getuid?.() !== 0) {
    mkdirSync(join(folder, "closed"));
    chmodSync(join(folder, "closed"), 0);
    cases.push([join(folder, "closed"), /cannot be read/]);
  }
  for (const [journal, message] of cases) {
    for (const args of [["list"], ["show", "1"], ["replay", "1"], ["drift"]]) {
      const { code, out, err } = await run([...args, "--journal", journal]);
      assert.deepEqual([args, journal, code, out], [args, journal, 3, ""]);
      assert.match(err, message);
      assert.match(err, /^airudder-devproxy: [^\n]+\n$/);
    }
  }
});

test("--help lists every flag, with an example", async () => {
  const flags: Record<string, string[]> = {
    listen: [
      "--target",
      "--port",
      "--journal",
      "--tunnel",
      "--tunnel-host",
      "--subdomain",
      "--key",
      "--when-down",
      "--keep",
      "--pass-through",
      "--reveal",
      "--json",
    ],
    list: [
      "--type",
      "--status",
      "--task",
      "--call",
      "--workflow",
      "--since",
      "--until",
      "--text",
      "--last",
      "--json",
      "--reveal",
    ],
    show: ["--raw", "--curl", "--json", "--reveal"],
    trigger: [
      "--set",
      "--file",
      "--from",
      "--edit",
      "--new-ids",
      "--key",
      "--count",
      "--contacts",
      "--mix",
      "--rate",
      "--seed",
      "--as-vendor",
      "--deliveries",
      "--accepts",
      "--time-scale",
      "--to",
      "--journal",
      "--reveal",
      "--json",
    ],
    pin: ["--list", "--remove", "--force", "--journal"],
    completion: [],
    dead: ["--retry", "--drop", "--journal", "--json", "--reveal"],
    doctor: ["--target", "--port", "--journal", "--tunnel", "--tunnel-host", "--subdomain", "--key", "--json"],
    export: ["--as", '"ndjson"', "--out", "--last", "--app", "--runner", "--reveal", "--status"],
    import: ["<path>", "--journal"],
    replay: [
      "--last",
      "--to",
      "--speed",
      "--concurrency",
      "--set",
      "path:=json",
      "--key",
      "--expect",
      "--dry-run",
      "--json",
      "--status",
    ],
  };
  for (const [command, names] of Object.entries(flags)) {
    const { code, out } = await run([command, "--help"]);
    assert.equal(code, 0);
    for (const name of names) assert.ok(out.includes(name), `${command} ${name}`);
    assert.match(out, /Examples?:\n {2}airudder-devproxy/);
  }
  assert.match((await run(["--version"])).out, /^\d+\.\d+\.\d+\n$/);
});

test("list and show redact personal data without --reveal, as text and with --json", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  app.reply = ({ headers }, response) =>
    void response.writeHead(headers["x-fail"] ? 500 : 200).end('{"CalleeName":"Jane Doe"}');
  const body = Buffer.from(sample("call.completed/answered").toString().replaceAll("TEST PERSON", "Jane Doe"));
  assert.ok(body.includes("Jane Doe"));
  await send(proxy.localUrl, body, { headers: { authorization: "Bearer abc" } });
  await send(proxy.localUrl, "{}", { headers: { "x-fail": "1" } });
  await proxy.close();
  const at = ["--journal", dir];

  const listed = (await run(["list", "--json", ...at])).lines();
  assert.deepEqual(
    listed.map(({ seq, type, status, deliveries }) => [seq, type, status, deliveries]),
    [
      [1, "call.completed", "accepted", 1],
      [2, "unknown", "failed", 1],
    ],
  );
  assert.match(
    (await run(["list", "--status", "failed", ...at])).out,
    /^ +# +TIME +TYPE +STATUS +HTTP .*\n#2 .* unknown .* failed .* 500 [^#]*\n1 push of 2\n$/,
  );

  for (const args of [
    ["show", "1"],
    ["show", "#1", "--json"],
  ]) {
    const masked = await run([...args, ...at]);
    assert.equal(masked.out.includes("Jane"), false);
    assert.equal(masked.out.includes("Bearer"), false);
    assert.match(masked.out, /<name:[0-9a-f]{6}>/);
    assert.ok((await run([...args, "--reveal", ...at])).out.includes("Jane Doe"));
  }
  const [shown] = (await run(["show", String(listed[0]?.id), "--json", "--reveal", ...at])).lines() as [
    { body: unknown; deliveries: { response: { body: unknown } }[] },
  ];
  assert.deepEqual(Object.keys(shown), ["head", "headers", "body", "drift", "deliveries"]);
  assert.deepEqual(shown.body, JSON.parse(body.toString()));
  assert.deepEqual(shown.deliveries[0]?.response.body, { CalleeName: "Jane Doe" });
  const raw = await run(["show", "1", "--raw", ...at]);
  assert.equal(sha256(raw.stdout), sha256(body));
});

test("--curl sends the same bytes again", { skip: process.platform === "win32" }, async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  await send(proxy.localUrl, `{"it's": "a \\"test\\" $HOME \`x\` 1.0"}\n`);
  await proxy.close();
  const inline = await run(["show", "1", "--curl", "--reveal", "--journal", dir]);
  const piped = await run(["show", "1", "--curl", "--journal", dir]);
  assert.match(piped.out, /^npx airudder-devproxy show 1 --journal \S+ --raw \| curl -X POST .*--data-binary @- /);
  const { execFile } = await import("node:child_process");
  await new Promise((resolve) => execFile("sh", ["-c", inline.out.replace("curl ", "curl -s ")], resolve));
  assert.equal(app.requests[1]?.sha256, app.requests[0]?.sha256);
});

test("replay without a matching push prints one line, and exits with 1 under --expect", async (t) => {
  const { proxy, dir } = await startProxy(t);
  await send(proxy.localUrl, "{}");
  await proxy.close();
  const nothing = ["replay", "--status", "failed", "--journal", dir];
  const plain = await run(nothing);
  assert.deepEqual([plain.code, plain.err], [0, "No recorded push matches: nothing was sent.\n"]);
  const expecting = await run([...nothing, "--expect", "2xx"]);
  assert.equal(expecting.code, 1);
  assert.match(
    expecting.err,
    /nothing was sent, so --expect has checked nothing\. To accept that, add --allow-empty\.\n$/,
  );
});

test("replay of a damaged journal reports the skipped records, and exits with 3 if no push can be read", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  for (const n of [1, 2]) await send(proxy.localUrl, `{"n":${n}}`);
  await proxy.close();
  const file = join(dir, "000001.ndjson");
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace('{"kind":"push"', "rubbish"));
  const some = await run(["replay", "--last", "9", "--journal", dir]);
  assert.equal(some.code, 0);
  assert.match(some.err, /^Segment 1 of the journal is damaged at byte \d+: 1 record is skipped\.\n$/);
  assert.equal(app.requests.length, 3);
  writeFileSync(file, text.replaceAll('{"kind":"push"', "rubbish"));
  const none = await run(["replay", "--last", "9", "--journal", dir]);
  assert.deepEqual([none.code, none.out], [3, ""]);
  assert.match(none.err, /^airudder-devproxy: No push of [^\n]* can be read: Segment 1 [^\n]*\n$/);
});

for (const withListen of [false, true]) {
  test(`Ctrl+C in a replay ${withListen ? "through" : "without"} a running listen reports its progress, and exits with 1`, {
    skip: process.platform === "win32",
  }, async (t) => {
    const { proxy, app, dir } = await startProxy(t);
    for (const n of [1, 2, 3]) await send(proxy.localUrl, `{"n":${n}}`);
    if (!withListen) await proxy.close();
    app.requests.length = 0;
    const running = startRun(["replay", "1..3", "--expect", "2xx", "--journal", dir]);
    app.reply = (_, response) => {
      if (app.requests.length === 1) response.end("{}");
      else running.child.kill("SIGINT");
    };
    const { code, err } = await running.ended;
    assert.equal(code, 1);
    assert.match(err, /^interrupted: 1 of 3 pushes sent; 1 more stopped before the app responded$/m);
    await until(async () => (await run(["show", "2", "--json", "--journal", dir])).out.includes('"aside":"stopped"'));
    const listed = (await run(["list", "--json", "--journal", dir])).lines();
    assert.deepEqual(
      listed.map(({ status }) => status),
      ["accepted", "accepted", "accepted"],
    );
  });
}

test("replay exits with 0, or with 1 under a failed --expect; --dry-run sends nothing", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  app.reply = (_, response) => void response.writeHead(500).end('{"error":{"code":"handler_failed"}}');
  for (const n of [1, 2, 3]) await send(proxy.localUrl, `{"n":${n}}`);
  await proxy.close();
  const at = ["--journal", dir];
  const dry = await run(["replay", "--status", "failed", "--dry-run", ...at]);
  assert.equal(dry.code, 0);
  assert.match(dry.out, /3 pushes would be sent/);
  assert.equal(app.requests.length, 3);

  app.reply = (_, response) => void response.end('{"ok":true}');
  const fixed = await run(["replay", "--status", "failed", "--expect", "2xx", ...at]);
  assert.equal(fixed.code, 0, fixed.err);
  assert.match(
    fixed.out,
    /#1 +unknown +fixed +200 .*\n +status: 500 -> 200\n +body \/error: .*"handler_failed".* -> \(absent\)/,
  );
  assert.match(fixed.out, / 3 +fixed\n/);

  app.reply = (_, response) => void response.writeHead(500).end('{"error":{"code":"handler_failed"}}');
  const regressed = await run(["replay", "1..3", "--expect", "2xx", "--json", ...at]);
  assert.equal(regressed.code, 1);
  const lines = regressed.lines();
  assert.deepEqual(lines.at(-1)?.verdicts, { regressed: 3 });
  assert.equal(lines.at(-1)?.unexpected, 3);
  await app.stop();
  assert.equal((await run(["replay", "1", "--expect", "2xx", ...at])).code, 1);
});
