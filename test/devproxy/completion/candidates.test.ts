import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { airudder, fileInbox } from "airudder-webhooks";
import { TYPE_NAMES } from "airudder-webhooks/inspect";
import { run, sample, send, startProxy, until } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { callCompleted, KEY, webRequest } from "../../helpers/push.js";
import { type Candidate, candidatesFor, emptyProgram, makeProgram } from "./internals.js";

const program = makeProgram();

function complete(words: readonly string[], journal?: string, commands = program): Promise<Candidate[]> {
  return candidatesFor(commands, words, { defaultCommand: "listen", journalOf: (_, given) => given ?? journal });
}

async function valuesFor(words: readonly string[], journal?: string, commands = program): Promise<string[]> {
  return (await complete(words, journal, commands)).map(({ value }) => value);
}

const COMMANDS = program.commands.map((command) => command.name());

const cases: [words: string[], expected: string[]][] = [
  [[""], [...COMMANDS, "help"]],
  [["li"], ["listen", "list"]],
  [["nonsense"], []],
  [["help", "s"], ["show"]],
  [["help", "show", ""], []],
  [["--ver"], ["--version"]],
  [["--tunnel-"], ["--tunnel-host"]],
  [["list", "--la"], ["--last"]],
  [["list", "--help"], ["--help"]],
  [["list", "--version"], []],
  [["listen", "--no-i"], ["--no-inspect"]],
  [
    ["listen", "--when-down", ""],
    ["hold", "ack", "fail"],
  ],
  [["--when-down", "a"], ["ack"]],
  [["listen", "--when-down=f"], ["--when-down=fail"]],
  [
    ["listen", "--tunnel", ""],
    ["localtunnel", "cloudflared", "ngrok", "ssh:", "none", "url:", "command:"],
  ],
  [
    ["listen", "--tunnel=n"],
    ["--tunnel=ngrok", "--tunnel=none"],
  ],
  [["listen", "--port", ""], []],
  [["listen", "--target", "--t"], []],
  [["listen", "--json", "--pa"], ["--pass-through"]],
  [["list", "--type", ""], [...TYPE_NAMES]],
  [["list", "--type", "dialer.t"], ["dialer.task"]],
  [["drift", "--status", "qu"], ["quarantined"]],
  [["list", "--status", "failed", "--js"], ["--json"]],
  [["dead", "--retry", "12", "--js"], ["--json"]],
  [["replay", "--", "--js"], []],
  [
    ["completion", ""],
    ["bash", "zsh", "fish", "powershell"],
  ],
  [["completion", "bash", "--h"], ["--help"]],
  [["replay", "--set", "Details"], []],
  [
    ["replay", "--type", "call.completed", "--set", "Task"],
    ["TaskID=", "TaskName="],
  ],
  [["replay", "--type", "call.completed", "--set", "Details[0].CallS"], ["Details[0].CallStartTime="]],
  [["replay", "--type", "call.completed", "--set", "Details[3].CallS"], ["Details[3].CallStartTime="]],
  [["replay", "--type", "call.completed", "--set=Details[0].CallE"], ["--set=Details[0].CallEndTime="]],
  [
    ["replay", "--type", "call.completed", "--set", "Details[0].HangupType=By"],
    ["Details[0].HangupType=ByCallee", "Details[0].HangupType=ByRobot"],
  ],
  [["replay", "--type", "call.completed", "--set", "TaskID=a"], []],
  [
    ["replay", "--type", "dialer.task", "--set", "pds.body.st"],
    ["pds.body.startTime=", "pds.body.state="],
  ],
  [["show", ""], []],
  [["show", "--json", "--", ""], []],
];

test("candidates come from the definition of the commands", async (t) => {
  const empty = makeFolder(t);
  for (const [words, expected] of cases) assert.deepEqual(await valuesFor(words, empty), expected, words.join(" "));
  const flags = await valuesFor(["list", ""], empty);
  assert.ok(flags.includes("--since") && flags.includes("--help"), flags.join(" "));
  const [first] = await complete(["li"]);
  assert.match(first?.description ?? "", /^receive pushes/);
});

test("choices and arguments of any command are completed", async (t) => {
  const journal = makeFolder(t);
  mkdirSync(join(journal, "pins"));
  for (const name of ["busy", "answered", "call +62811122233"])
    writeFileSync(join(journal, "pins", `${name}.json`), "");
  const commands = emptyProgram();
  commands.command("trigger").argument("<what>").option("--set <path=value>").option("--from <id>");
  const drill = commands.command("drill");
  drill.addArgument(drill.createArgument("[scenario...]").choices(["duplicates", "crash"]));
  const exported = commands.command("export");
  exported.addOption(exported.createOption("--as <format>").choices(["har", "curl"]));
  const values = (...words: string[]) => valuesFor(words, journal, commands);
  assert.deepEqual((await values("trigger", "@")).sort(), ["@answered", "@busy"]);
  assert.deepEqual(await values("trigger", "camp"), ["campaign"]);
  assert.deepEqual(await values("trigger", "dialer.t"), ["dialer.task", "dialer.task.bare"]);
  assert.deepEqual(await values("trigger", "call.completed", "--set", "Sig"), ["Sign="]);
  assert.deepEqual(await values("trigger", "dialer.task.bare", "--set", "body.st"), ["body.startTime=", "body.state="]);
  assert.deepEqual(await values("trigger", "call.completed", ""), ["--set", "--from", "--help"]);
  assert.deepEqual(await values("drill", ""), ["duplicates", "crash"]);
  assert.deepEqual(await values("drill", "crash", "d"), ["duplicates"]);
  assert.deepEqual(await values("export", "--as", "c"), ["curl"]);
});

test("ids are those of the newest 50 pushes, newest first, while listen runs and afterwards", async (t) => {
  const { proxy, dir } = await startProxy(t);
  await send(proxy.localUrl, sample("dialer.task/running"));
  for (let n = 2; n <= 51; n++) await send(proxy.localUrl, `{"n":${n}}`);
  for (const isRunning of [true, false]) {
    if (!isRunning) await proxy.close();
    const found = await complete(["show", ""], dir);
    assert.equal(found.length, 50);
    assert.deepEqual([found[0]?.value, found.at(-1)?.value], ["#51", "#2"]);
    assert.match(found[0]?.description ?? "", /^unknown, \w+, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    assert.deepEqual(await valuesFor(["replay", "#50", "#4"], dir), [
      "#49",
      "#48",
      "#47",
      "#46",
      "#45",
      "#44",
      "#43",
      "#42",
      "#41",
      "#40",
      "#4",
    ]);
    assert.deepEqual(await valuesFor(["show", "51"], dir), ["51"]);
    assert.deepEqual(await valuesFor(["show", "--journal", dir, "#51"]), ["#51"]);
    assert.deepEqual(await valuesFor(["show", `--journal=${dir}`, "#51"]), ["#51"]);
  }
});

test("dead completes the dead pushes of the inbox", async (t) => {
  const dir = makeFolder(t);
  const receiver = airudder({ key: KEY, token: false, warnings: false, inbox: fileInbox(dir, { retries: 0 }) });
  receiver.on("call.completed", () => {
    throw new Error("broken");
  });
  await receiver.ready();
  await receiver.fetch(webRequest(callCompleted()));
  await until(async () => ((await receiver.dead?.()) ?? []).length === 1);
  await receiver.close();
  assert.deepEqual(await valuesFor(["dead", "--retry", ""], dir), ["all", "#1"]);
  assert.deepEqual(await valuesFor(["dead", "--drop", "#1", "#"], dir), ["#1"]);
});

test("candidates contain no personal data", async (t) => {
  const { proxy, dir } = await startProxy(t);
  await send(proxy.localUrl, sample("call.completed/answered"));
  await send(proxy.localUrl, '{"name":"Jane Doe","phone":"+62811122233"}', { headers: { "x-name": "Jane Doe" } });
  await proxy.close();
  const printed = JSON.stringify([await complete(["show", ""], dir), await complete(["replay", ""], dir)]);
  assert.doesNotMatch(printed, /Jane|62811122233|TEST PERSON|\+62/);
});

test("the hidden command prints nothing but candidates, also in a broken project", async (t) => {
  const folder = makeFolder(t);
  mkdirSync(join(folder, ".git"));
  const at = (...words: string[]) => run(["complete", "--", ...words], { cwd: folder });
  const withoutJournal = await at("show", "");
  assert.deepEqual([withoutJournal.code, withoutJournal.out, withoutJournal.err], [0, "", ""]);
  writeFileSync(join(folder, "airudder-devproxy.json"), "{");
  mkdirSync(join(folder, ".airudder"));
  writeFileSync(join(folder, ".airudder", "000001.ndjson"), '{"kind":"segment","version":99,"seq":1}\n');
  for (const words of [
    ["show", ""],
    ["show", "--journal", ".airudder", "#"],
    ["nonsense", "--", "\u0000".slice(1)],
    [],
  ]) {
    const { code, err, out } = await at(...words);
    assert.deepEqual([words, code, err], [words, 0, ""]);
    if (words.length > 0 && words[0] === "show") assert.equal(out, "");
  }
  assert.match((await at("--version", "--help", "li")).out, /^$/);
  assert.match((await run(["completion", "bash"], { cwd: folder })).out, /^# bash completion/);
  assert.match((await at("list", "--status", "hand")).out, /^handled\n$/);
  assert.doesNotMatch((await run(["--help"])).out, /^ {2}complete /m);
});
