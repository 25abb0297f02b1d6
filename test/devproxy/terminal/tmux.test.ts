import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { TestContext } from "node:test";
import { sample, send } from "../../helpers/devproxy.js";
import { programs } from "../../helpers/devproxy-programs.js";
import { makeFolder } from "../../helpers/folder.js";
import { RecorderApp } from "../../helpers/recorder-app.js";
import { TmuxTerminal, terminalTest } from "../../helpers/tmux.js";

interface Session {
  terminal: TmuxTerminal;
  app: RecorderApp;
  dir: string;
  url: string;
  /** Waits until the last row matches. */
  row(pattern: RegExp): Promise<string>;
  /** Waits until a line above the row matches. */
  line(pattern: RegExp): Promise<string>;
}

const ERROR = "TypeError: Cannot read properties of undefined (reading 'CallID')";

/** Whether the app fails, reports a handled push, or does not respond. */
type Mode = "handle" | "fail" | "wait";

/** Starts `listen` in a terminal, in front of an app whose mode is read for each push. */
async function start(
  t: TestContext,
  columns: number,
  {
    mode = () => "handle",
    env = {},
    args = [],
  }: { mode?: () => Mode; env?: Record<string, string>; args?: string[] } = {},
): Promise<Session> {
  const app = await new RecorderApp((_, response) => {
    const now = mode();
    if (now === "wait") return;
    const outcome = now === "fail" ? { result: "failed", error: ERROR } : { result: "handled" };
    response.setHeader("airudder-outcome", JSON.stringify(outcome));
    response.writeHead(now === "fail" ? 500 : 200).end("{}");
  }).start();
  t.after(() => app.stop());
  const dir = makeFolder(t);
  const { cli } = programs();
  const command = [process.execPath, cli, "listen", "--tunnel", "none", "--target", app.url, "--journal", dir, ...args];
  const terminal = await TmuxTerminal.start(t, command, { size: [columns, 30], env });
  const row = (pattern: RegExp) => terminal.shows(pattern, "in the last line");
  const line = (pattern: RegExp) => terminal.shows(pattern, "above the last line");
  await line(/└─ journal/);
  const url = /http:\S+\/in\/\S+/.exec((await terminal.history()).join("\n"))?.[0] as string;
  return { terminal, app, dir, url, row, line };
}

for (const columns of [60, 80, 140]) {
  terminalTest(`at ${columns} columns, a push is one line, and the last row fits`, async (t) => {
    let mode: Mode = "handle";
    const { terminal, url, row, line } = await start(t, columns, { mode: () => mode });
    await row(/^no tunnel {2}app up {2}queue 0 {2}h help .*q quit$/);
    await send(url, sample("call.completed/answered"));
    mode = "fail";
    await send(url, sample("dialer.task/running"));
    await line(/#1 +call\.completed +.*200/);
    await line(/#2 +dialer\.task +.*500.* TypeError: Can/);
    const pushes = (await terminal.screen()).filter((text) => /#\d+ /.test(text));
    assert.equal(pushes.length, 2);
    for (const text of await terminal.screen()) assert.ok(text.length <= columns, text);
  });
}

terminalTest("every key works, and lines stay in the scrollback", async (t) => {
  let mode: Mode = "fail";
  const bin = makeFolder(t);
  const opened = join(bin, "opened");
  writeFileSync(join(bin, "xdg-open"), `#!/bin/sh\necho "$@" > "${opened}"\n`);
  chmodSync(join(bin, "xdg-open"), 0o755);
  const env = { PATH: `${bin}${delimiter}${process.env.PATH}`, DISPLAY: ":99" };
  const { terminal, app, url, row, line } = await start(t, 140, { mode: () => mode, env });

  await terminal.press("r");
  await line(/There is no push to replay yet/);
  await terminal.press("R");
  await line(/No push has failed since the start/);

  for (const name of ["call.completed/answered", "dialer.task/running", "dialer.agent/hangup"])
    await send(url, sample(name));
  await line(/#3 +dialer\.agent/);

  await terminal.press("h");
  await line(/^ {2}R +replay the pushes that failed since the start/);

  await terminal.press("Up");
  await row(/^> #3 {2}dialer\.agent {2}agent \w+ {2}500 .*TypeError.*r replay {2}o open {2}Esc back$/);
  await terminal.press("Up");
  await row(/^> #2 {2}dialer\.task/);
  await send(url, '{"a":1}');
  await line(/#4 +unknown/);
  await row(/^> #2 /);
  await terminal.press("Down");
  await row(/^> #3 /);
  await terminal.press("Up", "Up", "Up", "Up");
  await row(/^> #1 /);

  mode = "handle";
  await terminal.press("r");
  await line(/#1 +call\.completed .* 200 handled .*replay: fixed/);
  await row(/^> #1 .* 200/);
  assert.equal(app.requests.length, 5);
  await terminal.press("Escape");
  await row(/^no tunnel/);

  await terminal.press("R");
  await row(/^R again: replay 3 failed; any other key cancels$/);
  await terminal.press("x");
  await line(/cancelled/);
  await terminal.press("R");
  await row(/^R again: replay 3 failed/);
  await new Promise((resolve) => setTimeout(resolve, 250)); // an earlier R does not count
  await terminal.press("R");
  await line(/replayed 3 pushes: 3 fixed/);
  await row(/^no tunnel/);
  assert.equal(app.requests.length, 8);
  const verdicts = (await terminal.screen()).filter((text) => text.includes("replay: fixed"));
  assert.equal(verdicts.length, 4);

  await terminal.press("f");
  await row(/failed only .* f all /);
  await send(url, '{"n":5}');
  mode = "fail";
  await send(url, '{"n":6}');
  await line(/#6 +unknown/);
  await terminal.press("Up");
  await row(/^> #6 /);
  await terminal.press("Down");
  await row(/failed only/);
  await terminal.press("f");
  await row(/f failed only/);
  assert.equal(
    (await terminal.screen()).some((text) => /#5 /.test(text)),
    false,
  );

  await terminal.press("c");
  await line(/OSC 52.* the local URL/);
  await terminal.press("o");
  const said = await line(/There is no inspector page\. Use: airudder-devproxy show 6|opened http:\S+#\/pushes\/6/);
  if (said.includes("opened")) assert.match(readFileSync(opened, "utf8"), /#\/pushes\/6$/m);
  else assert.equal(existsSync(opened), false);

  for (let n = 0; n < 40; n++) await send(url, `{"n":${n}}`);
  await line(/#46 +unknown/);
  await terminal.press("q");
  assert.deepEqual([await terminal.ended(), await terminal.hasCursor()], [0, true]);
  const history = await terminal.history();
  assert.deepEqual(
    history.filter((text) => /^(no tunnel|> #|R again|stopping)/.test(text)),
    [],
    "the last row leaves no trace",
  );
  for (let n = 1; n <= 46; n++)
    if (n !== 5)
      assert.ok(
        history.some((text) => text.includes(`#${n} `)),
        `#${n} is not in the scrollback`,
      );
  assert.match(history[0] as string, /^airudder-devproxy$/);
  assert.ok(
    history.some((text) =>
      /^stopped: 46 pushes received, 46 recorded, 5 delivered, 41 failed, 0 undelivered$/.test(text),
    ),
  );
  assert.ok(history.some((text) => /^added by the proxy: \S+ ms p50, \S+ ms p99$/.test(text)));
});

terminalTest("Ctrl+C ends listen; a second one ends it immediately", async (t) => {
  const { terminal, row } = await start(t, 80);
  await row(/^no tunnel/);
  await terminal.press("C-c");
  await terminal.ended();
  assert.ok((await terminal.history()).some((text) => /^stopped: 0 pushes received/.test(text)));
});

terminalTest("after a resize, the last row is one line of the new width, and no line is lost", async (t) => {
  const { terminal, url, row, line } = await start(t, 140);
  for (let n = 0; n < 3; n++) await send(url, `{"n":${n}}`);
  await line(/#3 /);
  for (const columns of [60, 100, 40, 140, 61]) {
    await terminal.resize(columns, 30);
    // Until the program has noticed the new size, the terminal shows the beginning of the row.
    await row(
      new RegExp(
        `^(?=.{1,${columns - 1}}$)no tunnel {2}app up {2}queue 0${columns < 60 ? " {2}h help" : " {2}h help .*q quit"}$`,
      ),
    );
    await send(url, "{}");
    const history = await terminal.history();
    assert.equal(history.filter((text) => text.includes("no tunnel  app up")).length, 1, history.join("\n"));
  }
  await line(/#8 /);
  const history = (await terminal.history()).join("\n");
  for (let n = 1; n <= 8; n++) assert.equal(history.split(`#${n} `).length, 2, `#${n}:\n${history}`);
});

terminalTest(
  "the row shows that the app is down, the queue, and a push that the app does not respond to",
  async (t) => {
    let mode: Mode = "wait";
    const { terminal, app, url, row, line } = await start(t, 140, { mode: () => mode });
    const waiting = send(url, '{"n":1}');
    await row(/queue 0 {2}1 slow/);
    await line(/#1 +unknown .* \.\.\. +waiting for the app/);
    mode = "handle";
    await app.stop();
    const held = send(url, '{"n":2}');
    await row(/app down {2}queue [12]/);
    await app.start();
    await row(/app up {2}queue 0 {2}h help/);
    await Promise.all([waiting, held]);
    await line(/#2 +unknown .* 200 handled/);
    await terminal.press("q");
  },
);

terminalTest(
  "Ctrl+Z stops listen with a clean line; it continues in the background without keys, and in the foreground with them",
  async (t) => {
    const app = await new RecorderApp().start();
    t.after(() => app.stop());
    const dir = makeFolder(t);
    const { cli } = programs();
    const terminal = await TmuxTerminal.start(t, ["bash", "--norc", "--noprofile", "-i"], { size: [100, 30] });
    const shows = (pattern: RegExp) => terminal.shows(pattern);
    await terminal.press(`${process.execPath} ${cli} --tunnel none --target ${app.url} --journal ${dir}`, "Enter");
    await shows(/^no tunnel .*q quit$/);
    await terminal.press("C-z");
    await shows(/Stopped/);
    assert.equal(
      (await terminal.screen()).some((text) => /^no tunnel/.test(text)),
      false,
    );
    await terminal.press("bg", "Enter");
    const url = /http:\S+\/in\/\S+/.exec((await terminal.history()).join("\n"))?.[0] as string;
    await send(url, "{}");
    await shows(/#1 +unknown/);
    await terminal.press("echo still-the-shell", "Enter");
    await shows(/^still-the-shell/);
    await terminal.press("fg", "Enter");
    await shows(/^no tunnel .*q quit$/);
    await terminal.press("q");
    await shows(/^stopped: 1 push received/);
    assert.equal(await terminal.hasCursor(), true);
    await terminal.press("echo back", "Enter");
    await shows(/^back/);
  },
);

terminalTest(
  "Ctrl+Z without a shell that could continue listen leaves the keys working; pasted text runs no action",
  async (t) => {
    const { terminal, row, line } = await start(t, 100);
    await row(/q quit$/);
    await terminal.press("C-z");
    await row(/^no tunnel .*q quit$/);
    await new Promise((resolve) => setTimeout(resolve, 500));
    for (const isMarked of [true, false]) await terminal.paste("fq", isMarked);
    await terminal.press("h");
    await line(/replay/);
    await row(/f failed only|q quit$/);
    await terminal.press("q");
    assert.equal(await terminal.ended(), 0);
  },
);

terminalTest("listen & in a shell records pushes, without a row and without keys", async (t) => {
  const app = await new RecorderApp().start();
  t.after(() => app.stop());
  const dir = makeFolder(t);
  const { cli } = programs();
  const terminal = await TmuxTerminal.start(t, ["bash", "--norc", "--noprofile", "-i"], { size: [100, 30] });
  await terminal.press(`${process.execPath} ${cli} --tunnel none --target ${app.url} --journal ${dir} &`, "Enter");
  await terminal.shows(/└─ journal/);
  const url = /http:\S+\/in\/\S+/.exec((await terminal.history()).join("\n"))?.[0] as string;
  assert.equal((await send(url, "{}")).status, 200);
  await terminal.shows(/#1 +unknown/);
  assert.equal(
    (await terminal.screen()).some((text) => /q quit/.test(text)),
    false,
  );
  await terminal.press("kill %1", "Enter");
});

/** Environments of a terminal in which nobody can press keys. */
const withoutKeys: [string, Record<string, string>][] = [
  ["CI", { CI: "true" }],
  ["a coding assistant", { CLAUDECODE: "1" }],
  ["TERM=dumb", { TERM: "dumb" }],
];

for (const [what, env] of withoutKeys) {
  terminalTest(`no last row and no keys: ${what}`, async (t) => {
    const wrapped = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const app = await new RecorderApp().start();
    t.after(() => app.stop());
    const { cli } = programs();
    const command = [process.execPath, cli, "--tunnel", "none", "--target", app.url, "--journal", makeFolder(t)];
    const terminal = await TmuxTerminal.start(t, ["env", ...wrapped, ...command], { size: [80, 30] });
    await terminal.shows(/└─ journal/);
    const url = /http:\S+\/in\/\S+/.exec((await terminal.history()).join("\n"))?.[0] as string;
    await send(url, "{}");
    await terminal.shows(/#1 +unknown/);
    await terminal.press("q");
    await send(url, "{}");
    await terminal.shows(/#2 +unknown/);
    assert.equal(
      (await terminal.screen()).some((text) => /q quit/.test(text)),
      false,
    );
    await terminal.press("C-c");
    await terminal.ended();
  });
}

terminalTest("replay shows a progress bar in a terminal; the summary is the last line", async (t) => {
  const { terminal, url, dir, line } = await start(t, 80);
  for (let n = 0; n < 4; n++) await send(url, `{"n":${n}}`);
  await line(/#4 /);
  const held: (() => void)[] = [];
  const slow = await new RecorderApp(async (_, response) => {
    if (slow.requests.length > 1) await new Promise<void>((resolve) => held.push(resolve));
    response.end("{}");
  }).start();
  t.after(() => slow.stop());
  const { cli } = programs();
  const command = [process.execPath, cli, "replay", "1..4", "--to", slow.url, "--journal", dir];
  const replaying = await TmuxTerminal.start(t, command, { size: [60, 30] });
  await replaying.shows(/^\[#+-+\] {2}1 of 4 pushes/, "in the last line");
  const release = setInterval(() => held.shift()?.(), 20);
  t.after(() => clearInterval(release));
  await replaying.ended();
  assert.equal(
    (await replaying.history()).some((text) => text.includes("of 4 pushes")),
    false,
  );
  await terminal.press("q");
});
