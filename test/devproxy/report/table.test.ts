import assert from "node:assert/strict";
import { test } from "node:test";
import { openSnapshot } from "../../../devproxy/src/journal/index.js";
import { Redactor } from "../../../devproxy/src/privacy/index.js";
import { rowTable, Screen } from "../../../devproxy/src/report/index.js";
import { run, sample, send, startProxy } from "../../helpers/devproxy.js";

/** A terminal with a number of columns, without colours. */
function terminal(columns: number): Screen {
  process.env.NO_COLOR = "1";
  return new Screen({ isTTY: true, columns, on: () => undefined } as unknown as NodeJS.WriteStream);
}

/** A journal with pushes of several types, one of them failed. */
async function recorded(t: import("node:test").TestContext): Promise<string> {
  const { proxy, app, dir } = await startProxy(t);
  app.reply = ({ headers }, response) => void response.writeHead(headers["x-fail"] ? 500 : 200).end("{}");
  const headers = { "x-fail": "1" };
  await send(proxy.localUrl, sample("call.completed/answered"));
  for (const n of [1, 2, 3]) await send(proxy.localUrl, JSON.stringify({ n }), { headers });
  await send(proxy.localUrl, sample("dialer.task/running"));
  await proxy.close();
  return dir;
}

test("the lines of list fit terminals from 60 to 300 columns", async (t) => {
  const reader = await openSnapshot(await recorded(t));
  const { rows } = reader.index;
  for (let width = 60; width <= 300; width++) {
    const { header, line } = rowTable(terminal(width), rows, new Redactor("", false));
    const lines = [header, ...rows.map(line)];
    for (const text of lines) assert.ok(text.length <= width, `${width}: ${text}`);
    for (const title of ["#", "TIME", "TYPE", "STATUS", "HTTP"])
      assert.ok(header.includes(title), `${width}: ${header}`);
    assert.match(lines[1] as string, /#1 .*call\.completed .*accepted .*200/);
  }
  const narrow = rowTable(terminal(60), rows, new Redactor("", false));
  assert.equal(narrow.header.includes("ID"), false);
  const middle = rowTable(terminal(100), rows, new Redactor("", false));
  assert.match(middle.line(rows[0] as never), /…/);
  const wide = rowTable(terminal(300), rows, new Redactor("", false));
  assert.match(wide.header, /TASK +CALL +WORKFLOW +NOTES +ID/);
  assert.ok(wide.line(rows[0] as never).includes(rows[0]?.push.id as string));
});

test("list in a pipe shortens nothing, and --json has no header", async (t) => {
  const dir = await recorded(t);
  const { rows } = (await openSnapshot(dir)).index;
  const { out } = await run(["list", "--journal", dir]);
  const [header, first] = out.split("\n");
  assert.match(header as string, /^ *# +TIME +TYPE +STATUS +HTTP +TOOK +TASK +CALL +WORKFLOW +NOTES +ID$/);
  for (const value of [rows[0]?.push.id, rows[0]?.push.task, rows[0]?.push.call])
    assert.ok(first?.includes(value as string));
  assert.equal(out.includes("…"), false);
  assert.equal((await run(["list", "--json", "--journal", dir])).lines().length, rows.length);
});

test("the last line of list reports the number of matching and of printed pushes", async (t) => {
  const dir = await recorded(t);
  const cases: [string[], string][] = [
    [["--last", "2"], "the newest 2 of 5 pushes: --last N for more"],
    [["--status", "failed", "--last", "2"], "the newest 2 of 3 failed pushes: --last N for more"],
    [["--status", "failed", "--last", "3"], "3 pushes of 5"],
    [["--status", "failed"], "3 pushes of 5"],
    [
      ["--type", "unknown", "--status", "failed", "--last", "1"],
      "the newest 1 of 3 matching pushes: --last N for more",
    ],
    [["--text", '"n"', "--last", "2"], "the newest 2 matching pushes: --last N for more"],
    [["--text", '"n"'], "3 pushes of 5"],
    [["--type", "call.completed", "--last", "9"], "1 push of 5"],
  ];
  for (const [args, expected] of cases) {
    const { out } = await run(["list", ...args, "--journal", dir]);
    assert.equal(out.trimEnd().split("\n").at(-1), expected, args.join(" "));
  }
});
