import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import type { Row } from "../../../devproxy/src/journal/index.js";
import { displayWidth, Screen } from "../../../devproxy/src/report/index.js";
import {
  browserProgram,
  clipboardPrograms,
  helpLines,
  isInteractive,
  LastRow,
  neighbourOf,
  osc52,
  pageUrl,
  type RowState,
  readKeys,
  rowText,
} from "./internals.js";

/** Whether standard input and output are a terminal, the environment, and whether keys are read. */
const environments: [string, boolean, boolean, NodeJS.ProcessEnv, boolean][] = [
  ["a terminal", true, true, {}, true],
  ["input from a pipe", false, true, {}, false],
  ["output to a pipe", true, false, {}, false],
  ["CI=true", true, true, { CI: "true" }, false],
  ["CI=1", true, true, { CI: "1" }, false],
  ["CI=false", true, true, { CI: "false" }, true],
  ["CI is empty", true, true, { CI: "" }, true],
  ...["CLAUDECODE", "CURSOR_AGENT", "CODEX_SANDBOX", "GEMINI_CLI", "AI_AGENT", "AIDER", "CLAUDE_CODE"].map(
    (name): [string, boolean, boolean, NodeJS.ProcessEnv, boolean] => [name, true, true, { [name]: "1" }, false],
  ),
  ["AGENT=goose", true, true, { AGENT: "goose" }, false],
  ["AGENT of another program", true, true, { AGENT: "ssh-agent" }, true],
  ["an editor's own terminal", true, true, { CURSOR_TRACE_ID: "x", TERM_PROGRAM: "vscode" }, true],
];

for (const [what, isTTY, isTerminal, env, expected] of environments)
  test(`keys are ${expected ? "" : "not "}read: ${what}`, () =>
    assert.equal(isInteractive({ isTTY }, { isTerminal }, env), expected));

const STATE: RowState = { tunnel: "up", appIsUp: true, waiting: 0, slow: 0, failedOnly: false };
const plain = (width: number) => ({ width, style: (_: string, text: string) => text });

/** A state, a width, and the row. */
const rows: [Partial<RowState>, number, string][] = [
  [{}, 60, "tunnel up  app up  queue 0  h help  r/R replay  q quit"],
  [{}, 80, "tunnel up  app up  queue 0  h help  r/R replay  o open  f failed only  q quit"],
  [
    {},
    140,
    "tunnel up  app up  queue 0  h help  r replay  R replay failed  o open  f failed only  c copy URL  up/down select  q quit",
  ],
  [{ tunnel: "off" }, 60, "no tunnel  app up  queue 0  h help  r/R replay  q quit"],
  [
    { tunnel: "reopening", appIsUp: false, waiting: 1_204 },
    60,
    "tunnel reopening  app down  queue 1,204  h help  q quit",
  ],
  [
    { slow: 2, failedOnly: true },
    140,
    "tunnel up  app up  queue 0  2 slow  failed only  h help  r replay  R replay failed  o open  f all  c copy URL  up/down select  q quit",
  ],
  [
    { replay: { sent: 14, total: 16, waitingFor: 581 } },
    60,
    "tunnel up  app up  replay 14/16, waiting for #581  Esc stop",
  ],
  [
    { replay: { sent: 14, total: 16, waitingFor: 581 }, waiting: 2 },
    80,
    "tunnel up  app up  queue 2  replay 14/16, waiting for #581  Esc stop  h help",
  ],
  [{ failedOnly: true }, 80, "tunnel up  app up  queue 0  failed only  h help  r/R replay  f all  q quit"],
  [{ selected: "#12  dialer.task  200" }, 80, "> #12  dialer.task  200  r replay  o open  Esc back"],
  [{ selected: `#12  ${"x".repeat(80)}` }, 80, `> #12  ${"x".repeat(71)}…`],
  [{ prompt: "R: replay 3 failed pushes?" }, 20, "R: replay 3 failed…"],
  [{ selected: "#12  call.completed  500  电话 错误" }, 60, "> #12  call.completed  500  电话 错误"],
];

for (const [state, width, expected] of rows)
  test(`the last row at ${width} columns: ${JSON.stringify(state)}`, () =>
    assert.equal(rowText(plain(width), { ...STATE, ...state }), expected));

test("the help about the keys is broken at words", () => {
  for (const width of [60, 40]) {
    const lines = helpLines(plain(width));
    assert.deepEqual(
      lines.filter((line) => displayWidth(line) >= width),
      [],
    );
    const text = lines.map((line) => line.trim()).join(" ");
    assert.match(text, /R +replay the pushes that failed since the start; asks first Esc /);
  }
});

test("the last row is narrower than the terminal at every width, also with wide characters", () => {
  const selected = `#12  call.completed  ${"电话😀é".repeat(60)}`;
  const states: Partial<RowState>[] = [
    {},
    { tunnel: "reopening", appIsUp: false, waiting: 123_456, slow: 99, failedOnly: true },
    { selected },
    { prompt: selected },
    { replay: { sent: 1, total: 2 } },
  ];
  for (const state of states)
    for (let width = 2; width <= 200; width++) {
      const row = rowText(plain(width), { ...STATE, ...state });
      assert.ok(displayWidth(row) < width, `${width}: ${row}`);
    }
});

/** A terminal that records what is written. */
function fakeTerminal(): { out: Screen; written: string[]; resize(columns: number): void } {
  const written: string[] = [];
  let onResize = () => undefined;
  const stream = {
    isTTY: true,
    columns: 80,
    on: (name: string, listener: () => undefined) => {
      if (name === "resize") onResize = listener;
    },
    off: () => undefined,
    write: (data: string) => written.push(data),
  };
  const resize = (columns: number) => {
    stream.columns = columns;
    onResize();
  };
  return { out: new Screen(stream as unknown as NodeJS.WriteStream), written, resize };
}

test("lines are appended above the row, in one write; bursts are written together; the row stays one line", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { out, written, resize } = fakeTerminal();
  const row = new LastRow(out, () => row.set("after the resize"));
  row.set("row 1");
  row.open();
  t.mock.timers.tick(100);
  written.length = 0;
  for (let n = 0; n < 100; n++) row.line(`line ${n}`);
  t.mock.timers.tick(100);
  assert.equal(written.length, 2);
  const all = written.join("");
  for (let n = 0; n < 100; n++) assert.ok(all.includes(`line ${n}\n`));
  // Automatic line breaks are off while the row is written, and the cursor returns to its start.
  assert.ok(written.every((text) => text.startsWith("\r\u001b[J") && text.endsWith("\u001b[?7lrow 1\u001b[?7h\r")));
  row.set("row 1");
  t.mock.timers.tick(100);
  assert.equal(written.length, 2, "an equal row is not written again");
  resize(60);
  assert.ok(written.at(-1)?.includes("after the resize"));
  written.length = 0;
  row.close();
  assert.deepEqual(written, ["\r\u001b[J", "\u001b[?2004l\u001b[?25h"]);
  row.line("last");
  assert.equal(written.at(-1), "last\n");
});

test("control characters of a payload do not reach the terminal", () => {
  const { out, written } = fakeTerminal();
  const row = new LastRow(out, () => undefined);
  row.open();
  row.line("a\u001b[2Jb\u0007c\r\u009b31m");
  assert.equal(
    /\u001b\[2J.*b|\u0007|c\r|\u009b/.test(stripVTControlCharacters(written.join("")).replace(/\r$/gm, "")),
    false,
  );
  row.close();
});

const seqs = (...numbers: number[]) => numbers.map((seq) => ({ push: { seq } })) as unknown as Row[];

/** Recorded pushes, the selected one, direction, those that match, and the push that is selected then. */
const selections: [number[], number | undefined, "up" | "down", number[], number | undefined][] = [
  [[1, 2, 3], undefined, "up", [1, 2, 3], 3],
  [[1, 2, 3], undefined, "down", [1, 2, 3], undefined],
  [[1, 2, 3], 3, "up", [1, 2, 3], 2],
  [[1, 2, 3], 1, "up", [1, 2, 3], undefined],
  [[1, 2, 3], 2, "down", [1, 2, 3], 3],
  [[1, 2, 3], 3, "down", [1, 2, 3], undefined],
  [[1, 2, 3, 4], 4, "up", [1], 1],
  [[1, 2, 3, 4], 1, "down", [4], 4],
  [[5, 6, 9], 7, "up", [5, 6, 9], 6],
  [[5, 6, 9], 7, "down", [5, 6, 9], 9],
  [[], undefined, "up", [], undefined],
];

for (const [recorded, selected, direction, matching, expected] of selections)
  test(`${direction} from ${selected ?? "no push"} in [${recorded}], if [${matching}] match: ${expected ?? "none"}`, () => {
    const row = neighbourOf(seqs(...recorded), selected, direction, ({ push }) => matching.includes(push.seq));
    assert.equal(row?.push.seq, expected);
  });

test("the URL of a push in the page does not contain the token", () => {
  const inspector = "http://127.0.0.1:4747/#token=s3cret";
  assert.equal(pageUrl(inspector, 12), "http://127.0.0.1:4747/#/pushes/12");
  assert.equal(pageUrl(inspector, undefined), "http://127.0.0.1:4747/#/");
});

test("the browser and the clipboard of each system", () => {
  const url = "http://127.0.0.1:4747/#/pushes/12";
  assert.equal(browserProgram(url, "darwin", {})?.command, "open");
  assert.equal(browserProgram(url, "win32", {})?.command, "rundll32");
  assert.equal(browserProgram(url, "linux", { DISPLAY: ":0" })?.command, "xdg-open");
  assert.equal(browserProgram(url, "linux", {}), undefined);
  const commands = (platform: NodeJS.Platform, env: NodeJS.ProcessEnv) =>
    clipboardPrograms(platform, env).map(({ command }) => command);
  assert.deepEqual(commands("darwin", {}), ["pbcopy"]);
  assert.deepEqual(commands("win32", {}), ["clip"]);
  assert.deepEqual(commands("linux", { WAYLAND_DISPLAY: "w", DISPLAY: ":0" }), ["wl-copy", "xclip", "xsel"]);
  assert.deepEqual(commands("linux", {}), []);
  assert.deepEqual(commands("darwin", { SSH_CONNECTION: "x" }), []);
  assert.equal(osc52("a"), "\u001b]52;c;YQ==\u0007");
});

const PASTE = "\u001b[200~";
const PASTE_END = "\u001b[201~";

/** What is read (a number is a pause, ms), and the keys that run actions. */
const reads: [string, (string | number)[], string[]][] = [
  ["single keys", ["r", "f", "\u001b[A", "\u001b[B", "\u0003"], ["r", "f", "up", "down", "ctrl+c"]],
  ["Esc", ["\u001b", 250], ["escape"]],
  ["several letters at once", ["call q RR"], []],
  ["arrows at once", ["\u001b[A\u001b[A"], ["up", "up"]],
  ["letters and Ctrl+C at once", ["rr\u0003"], ["ctrl+c"]],
  ["a paste", [`${PASTE}qR${PASTE_END}`, "r"], ["r"]],
  ["a paste of one letter", [`${PASTE}q${PASTE_END}`], []],
  ["a paste in several reads", [PASTE, "q", "\u001b[A", PASTE_END, "r"], ["r"]],
  ["a paste without an end, then Ctrl+C", [PASTE, "q", "\u0003", "r"], ["ctrl+c", "r"]],
  ["R twice within 200 ms", ["R", "R"], ["R"]],
  ["R held down", ["R", 120, "R", 120, "R"], ["R"]],
  ["R, another key, R", ["R", "x", "R"], ["R", "x", "R"]],
  ["R twice", ["R", 230, "R"], ["R", "R"]],
];

for (const [what, parts, expected] of reads)
  test(`keys of ${what}: ${expected.join(" ") || "none"}`, async () => {
    const input = Object.assign(new PassThrough(), { setRawMode: () => undefined });
    const keys: string[] = [];
    const stop = readKeys(input as unknown as NodeJS.ReadStream, {
      onKey: (key) => keys.push(key),
      onSuspend: () => undefined,
      onResume: () => undefined,
    });
    for (const part of parts) {
      if (typeof part === "string") input.write(part);
      await setTimeout(typeof part === "number" ? part : 5);
    }
    stop();
    assert.deepEqual(keys, expected);
  });
