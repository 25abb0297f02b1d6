import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openJournal } from "airudder-webhooks/journal";
import { openSnapshot } from "../../../devproxy/src/journal/index.js";
import { type Exchange, exchangesOf, writeExport } from "../../../devproxy/src/transfer/index.js";
import { run, sample, send, sha256, startProxy } from "../../helpers/devproxy.js";
import { programs } from "../../helpers/devproxy-programs.js";
import { makeFolder } from "../../helpers/folder.js";
import { pushHead } from "../../helpers/push-head.js";

test("export selects by ids, ranges, filters and --last; without any, all pushes", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  app.reply = ({ body }, response) => void response.writeHead(body.includes("bad") ? 500 : 200).end();
  const bodies = ["{}", '{"bad":1}', sample("call.completed/answered"), '{"bad":2}', "{}"];
  for (const body of bodies) await send(proxy.localUrl, body);
  await proxy.close();
  const cases: [string[], number[]][] = [
    [[], [1, 2, 3, 4, 5]],
    [
      ["4", "#2"],
      [2, 4],
    ],
    [
      ["3..", "1"],
      [1, 3, 4, 5],
    ],
    [
      ["--last", "2"],
      [4, 5],
    ],
    [
      ["--status", "failed"],
      [2, 4],
    ],
    [["--status", "failed", "--last", "1"], [4]],
    [["--type", "call.completed"], [3]],
    [["1..3", "--text", "bad"], [2]],
  ];
  for (const [flags, expected] of cases) {
    const { code, lines } = await run(["export", "--as", "ndjson", "--journal", dir, ...flags]);
    const seqs = lines().flatMap(({ kind, seq }) => (kind === "push" ? [seq] : []));
    assert.deepEqual([flags, code, seqs], [flags, 0, expected]);
  }
  const folder = makeFolder(t);
  const out = join(folder, "none.har");
  const none = await run(["export", "--as", "har", "--type", "dialer.task", "--journal", dir, "--out", out]);
  assert.deepEqual([none.code, none.out, none.err], [0, "", "No recorded push matches: nothing was exported.\n"]);
  assert.deepEqual(readdirSync(folder), []);
});

/** Wrong usage, and what the error says. */
const wrong: [string[], RegExp][] = [
  [["export"], /required option '--as <format>' not specified/],
  [["export", "--as", "xml"], /Allowed choices are har, curl, ndjson, test/],
  [["export", "--as", "test"], /--as test needs --app with the module that exports your app, such as --app/],
  [["export", "--as", "test", "--app", "missing.ts"], /--app missing\.ts is not a file/],
  [["export", "--as", "har", "--app", "x.ts"], /--app is only for --as test/],
  [["export", "--as", "har", "--runner", "node"], /--runner is only for --as test/],
  [["export", "--as", "test", "--runner", "jest"], /Allowed choices are node, vitest/],
  [["export", "9", "--as", "har"], /no push 9/],
  [["export", "--as", "har", "--since", "soon"], /--since "soon" is not a time/],
  [["export", "--as", "har", "--out", "."], /--out \. is a folder/],
  [["import"], /missing required argument 'path'/],
];

test("wrong usage of export and import is reported on one line, with exit code 2", async (t) => {
  const { proxy, dir } = await startProxy(t);
  await send(proxy.localUrl, "{}");
  await proxy.close();
  for (const [args, message] of wrong) {
    const { code, out, err } = await run([...args, "--journal", dir]);
    assert.deepEqual([args, code, out], [args, 2, ""], err);
    assert.match(err, message);
    assert.match(err, /^airudder-devproxy: [^\n]+\n$/);
  }
  const missing = join(makeFolder(t), "missing", "x.har");
  const unwritable = await run(["export", "--as", "har", "--journal", dir, "--out", missing]);
  assert.equal(unwritable.code, 3);
  assert.match(unwritable.err, /cannot be written \(ENOENT\)\. Check that its folder exists/);
});

const posix = { skip: process.platform === "win32" };

test("curl scripts in a folder, and on standard output, send the exact bytes", posix, async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  const bodies = [
    sample("call.completed/answered"),
    Buffer.from([0xff, 0, 0xc3, 0x0a]),
    Buffer.from("it's `x` $HOME\n\u001b[31m"),
    Buffer.from(`{"long":"${"é'".repeat(60_000)}"}`),
    Buffer.alloc(0),
  ];
  for (const [i, body] of bodies.entries())
    await send(`${proxy.localUrl}?n=${i}`, body, { headers: { "x-odd": "a  'b'" } });
  await proxy.close();
  const folder = join(makeFolder(t), "scripts");
  const flags = ["--as", "curl", "--reveal", "--journal", dir];
  const { code, err } = await run(["export", ...flags, "--out", folder]);
  assert.deepEqual([code, err], [0, `exported 5 pushes to ${folder}\n`]);
  const files = readdirSync(folder);
  assert.deepEqual(files.slice(0, 4), ["0001-call.completed.sh", "0001.body", "0002-unparsable.sh", "0002.body"]);
  assert.equal(statSync(join(folder, "0001.body")).mode & 0o777, 0o600);
  const live = app.requests.splice(0);
  for (const file of files.filter((name) => name.endsWith(".sh"))) await execute(join(folder, file));
  const printed = await run(["export", ...flags]);
  const script = join(folder, "all.sh");
  writeFileSync(script, printed.out, { mode: 0o700 });
  await execute(script);
  const sent = (requests: typeof live) =>
    requests.map(({ body, url, headers }) => [body, url, headers["x-odd"], headers["content-type"]]);
  assert.deepEqual(sent(app.requests.slice(0, 5)), sent(live));
  assert.deepEqual(sent(app.requests.slice(5)), sent(live));
});

async function execute(script: string): Promise<void> {
  const child = spawn(script, { stdio: "ignore", cwd: "/" });
  const [code] = await once(child, "close");
  assert.equal(code, 0, script);
}

test("a damaged record is left out of an export and reported, and the rest is exported", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  for (let i = 0; i < 5; i++) {
    const body = Buffer.from(`{"i":${i}}`);
    await journal.append({ ...pushHead(`push-${i}`), sha256: sha256(body), size: body.length }, { headers: {}, body });
  }
  await journal.close();
  const file = join(dir, "000001.ndjson");
  writeFileSync(file, readFileSync(file, "utf8").replace('\\"i\\":2', '\\"i\\":9'));
  const { code, lines, err } = await run(["export", "--as", "ndjson", "--reveal", "--journal", dir]);
  assert.equal(code, 0);
  assert.deepEqual(
    lines().map(({ id }) => id),
    ["push-0", "push-1", "push-3", "push-4"],
  );
  assert.match(err, /^1 left out, because the record is damaged: segment 1, byte \d+\n$/);
});

test("exchanges are read in chunks, so that memory does not grow with the journal", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  const body = Buffer.alloc(1024 * 1024, "x");
  for (let i = 0; i < 40; i++)
    await journal.append({ ...pushHead(`p${i}`), sha256: sha256(body), size: body.length }, { headers: {}, body });
  await journal.close();
  const reader = await openSnapshot(dir);
  let inMemory = 0;
  let most = 0;
  const registry = new Set<Exchange>();
  const counted = {
    content: reader.content,
    records: (...args: Parameters<typeof reader.records>) => {
      most = Math.max(most, inMemory);
      inMemory = [...args[0]].length;
      return reader.records(...args);
    },
  };
  for await (const exchange of exchangesOf(counted, reader.index.rows)) registry.add(exchange);
  assert.equal(registry.size, 40);
  assert.ok(most <= 8, `${most} records of 1 MB at the same time`);
});

test("a failed export leaves the previous file, and no temporary file", async (t) => {
  const folder = makeFolder(t);
  const file = join(folder, "x.har");
  writeFileSync(file, "before");
  const failing = async function* () {
    yield "half";
    throw new Error("stopped");
  };
  await assert.rejects(writeExport(file, failing()), /stopped/);
  assert.deepEqual([readdirSync(folder), readFileSync(file, "utf8")], [["x.har"], "before"]);
  mkdirSync(join(folder, "folder"));
  await assert.rejects(writeExport(join(folder, "folder"), ["x"]), /is a folder/);
});

test("export does not write to a journal: exit code 2, and the journal stays as it is", async (t) => {
  const root = makeFolder(t);
  const [journal, other] = [join(root, "journal"), join(root, "other")];
  for (const dir of [journal, other]) {
    const { proxy } = await startProxy(t, { journal: dir });
    await send(proxy.localUrl, "{}");
    await proxy.close();
  }
  const before = [journal, other].map((dir) => readdirSync(dir).map((name) => readFileSync(join(dir, name), "utf8")));
  const link = join(root, "link");
  symlinkSync(journal, link, "junction");
  const [inside, elsewhere] = [/is in the journal \S+, which is exported/, /would change the journal \S+other\./];
  const cases: [string, string, RegExp][] = [
    ["ndjson", join(journal, "000001.ndjson"), inside],
    ["har", join(journal, "x.har"), inside],
    ["har", join(journal, "..", "journal", "missing", "x.har"), inside],
    ["ndjson", join(link, "000001.ndjson"), inside],
    ["ndjson", join(link, "000002.ndjson"), inside],
    ["curl", journal, inside],
    ["curl", join(journal, "scripts"), inside],
    ["curl", link, inside],
    ["ndjson", join(other, "000001.ndjson"), elsewhere],
    ["ndjson", join(other, "000002.ndjson"), elsewhere],
    ["har", join(other, "config.json"), elsewhere],
    ["curl", other, elsewhere],
  ];
  if (process.platform !== "win32") {
    const segment = join(root, "segment");
    symlinkSync(join(journal, "000001.ndjson"), segment);
    cases.push(["ndjson", segment, inside]);
  }
  for (const [format, out, message] of cases) {
    const { code, err } = await run(["export", "--as", format, "--journal", journal, "--out", out]);
    assert.equal(code, 2, `${out}: ${err}`);
    assert.match(err, message);
  }
  const after = [journal, other].map((dir) => readdirSync(dir).map((name) => readFileSync(join(dir, name), "utf8")));
  assert.deepEqual(after, before);
  // Other files beside journals, and the name of a segment in another folder, can be written.
  for (const out of [join(root, "x.ndjson"), join(other, "x.har"), join(root, "000001.ndjson")])
    assert.equal((await run(["export", "--as", "har", "--journal", journal, "--out", out])).code, 0, out);
});

test("the reader of a long export can stop early: exit code 0, and no error", posix, async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  const body = Buffer.from(`{"x":"${"y".repeat(5_000)}"}`);
  for (let i = 0; i < 400; i++)
    await journal.append({ ...pushHead(`push-${i}`), sha256: sha256(body), size: body.length }, { headers: {}, body });
  await journal.close();
  const { exitWithParent, cli } = programs();
  for (const format of ["ndjson", "har", "curl"]) {
    const command = `{ '${process.execPath}' --import '${exitWithParent}' '${cli}' export --as ${format} --reveal --journal '${dir}'; echo "exit $?" >&2; } | head -1`;
    const child = spawn("sh", ["-c", command], { stdio: ["ignore", "ignore", "pipe"] });
    let err = "";
    child.stderr.on("data", (chunk) => {
      err += chunk;
    });
    await once(child, "close");
    assert.equal(err, "exit 0\n", format);
  }
});

test("--out /dev/stdout writes to standard output", posix, async (t) => {
  const { proxy, dir } = await startProxy(t);
  await send(proxy.localUrl, "{}");
  await proxy.close();
  const { exitWithParent, cli } = programs();
  const command = `'${process.execPath}' --import '${exitWithParent}' '${cli}' export --as har --journal '${dir}' --out /dev/stdout | cat`;
  const child = spawn("sh", ["-c", command], { stdio: ["ignore", "pipe", "ignore"] });
  let out = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  await once(child, "close");
  assert.equal(JSON.parse(out).log.entries.length, 1);
});
