import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import type { DevproxyEvent } from "airudder-devproxy";
import type { JournalIndex } from "../../../devproxy/src/journal/index.js";
import { Redactor } from "../../../devproxy/src/privacy/index.js";
import { displayWidth, LiveReporter, Screen } from "../../../devproxy/src/report/index.js";
import { pushHead } from "../../helpers/push-head.js";

/** A screen of a number of columns, or a pipe, and what it printed. */
function makeScreen(columns: number | undefined): { screen: Screen; printed(): string } {
  let printed = "";
  const stream = {
    isTTY: columns !== undefined,
    columns,
    on: () => undefined,
    write: (data: string) => {
      printed += data;
    },
  };
  return { screen: new Screen(stream as unknown as NodeJS.WriteStream), printed: () => printed };
}

/** An index that contains one push. */
function indexOf(head: object): JournalIndex {
  const row = { push: { ...pushHead("p1"), seq: 12, ...head }, deliveries: [], location: {} };
  return { rows: [row], byId: (id: string) => (id === "p1" ? row : undefined) } as unknown as JournalIndex;
}

const CALL = {
  type: "call.completed",
  call: "3f2a91c0-1234-4abc-8def-001122334455",
  task: "aa11bb22cc33dd44ee55ff6677889900",
};
const push = { event: "push", id: "p1", seq: 12, type: "call.completed", verified: false, drift: 0 } as const;
const delivery = { event: "delivery", push: "p1", status: 200, ms: 12.34, cause: "live" } as const;
const ERROR = "TypeError: Cannot read properties of undefined (reading 'CallID')";

/** What the app reports, the events, and the line at each width. `HH:MM:SS` is the time, `DIGITS` are those of a placeholder. */
interface Case {
  what: string;
  head?: object;
  events: DevproxyEvent[];
  lines: Record<60 | 80 | 140, string>;
}

const cases: Case[] = [
  {
    what: "a handled call",
    events: [push, { ...delivery, result: "handled" }],
    lines: {
      60: "#12  call.completed 3f2a91c0 200",
      80: "HH:MM:SS #12   call.completed  call 3f2a91c0  200  12 ms",
      140: "HH:MM:SS  #12    call.completed    call 3f2a91c0-1234-4a…  200 handled      12.3 ms",
    },
  },
  {
    what: "a failed handler",
    events: [
      { ...push, drift: 2 },
      {
        ...delivery,
        status: 500,
        code: "handler_failed",
        result: "failed",
        outcome: { result: "failed", error: ERROR },
      },
    ],
    lines: {
      60: "#12  call.completed 3f2a91c0 500 drift 2, TypeError: Cannot…",
      80: "HH:MM:SS #12   call.completed  call 3f2a91c0  500  12 ms drift 2, TypeError: Ca…",
      140: "HH:MM:SS  #12    call.completed    call 3f2a91c0-1234-4a…  500 failed       12.3 ms  drift 2, TypeError: Cannot read properties of undefine…",
    },
  },
  {
    what: "a quarantined push with a wrong signature, late",
    head: { quarantined: true },
    events: [
      { ...push, signProblem: "It was made with another key." },
      { ...delivery, late: true, ms: 9_123, result: "quarantined" },
    ],
    lines: {
      60: "#12  call.completed 3f2a91c0 200 quarantined, bad signature",
      80: "HH:MM:SS #12   call.completed  call 3f2a91c0  200  9.1 s quarantined, bad signa…",
      140: "HH:MM:SS  #12    call.completed    call 3f2a91c0-1234-4a…  200 quarantined    9.1 s  bad signature, late",
    },
  },
  {
    what: "a push of an agent whose name is redacted, delivered from the queue",
    head: { type: "dialer.agent", call: undefined, subject: "dialer.agent|Jane Doe|0f1e2d3c" },
    events: [{ ...delivery, cause: "queued", result: "ignored" }],
    lines: {
      60: "#12  dialer.agent   DIGITS 200 ignored, queued",
      80: "HH:MM:SS #12   dialer.agent    agent DIGITS 200  12 ms ignored, queued",
      140: "HH:MM:SS  #12    dialer.agent      agent <id:DIGITS…  200 ignored      12.3 ms  queued",
    },
  },
  {
    what: "no response",
    head: { call: undefined },
    events: [push, { ...delivery, status: null, error: "connect ECONNREFUSED 127.0.0.1:3000" }],
    lines: {
      60: "#12  call.completed aa11bb22 --- connect ECONNREFUSED 127.0…",
      80: "HH:MM:SS #12   call.completed  task aa11bb22  ---  12 ms connect ECONNREFUSED 1…",
      140: "HH:MM:SS  #12    call.completed    task aa11bb22cc33dd44…  undelivered      12.3 ms  connect ECONNREFUSED 127.0.0.1:3000",
    },
  },
];

/** The lines that are printed, without colours. The time and the digits of placeholders are replaced. */
function linesOf(columns: number | undefined, head: object, events: readonly DevproxyEvent[]): string[] {
  const { screen, printed } = makeScreen(columns);
  const reporter = new LiveReporter(screen, indexOf({ ...CALL, ...head }), new Redactor("secret", false));
  for (const event of events) reporter.report(event);
  return stripVTControlCharacters(printed())
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/^\d\d:\d\d:\d\d/, "HH:MM:SS"));
}

for (const { what, head = {}, events, lines } of cases) {
  for (const width of [60, 80, 140] as const) {
    test(`one line per push at ${width} columns: ${what}`, () => {
      const [line = ""] = linesOf(width, head, events);
      assert.ok(displayWidth(line) <= width, `${displayWidth(line)}: ${line}`);
      assert.equal(line.replace(/(?<=agent +|<id:)[0-9a-f]{8,}/, "DIGITS"), lines[width]);
    });
  }
  test(`in a pipe, the line is not shortened: ${what}`, () => {
    const [line = ""] = linesOf(undefined, head, events);
    assert.equal(line.includes("…"), false, line);
    for (const event of events) if (event.event === "delivery" && event.error) assert.ok(line.endsWith(event.error));
    if (what === "a handled call")
      assert.match(
        line,
        /^HH:MM:SS {2}#12 {4}call\.completed +call 3f2a91c0-1234-4abc-8def-001122334455 {2}200 handled +12\.3 ms$/,
      );
  });
}

test("every line fits every width from 20 to 200 columns, also with wide characters", () => {
  const events: DevproxyEvent[] = [push, { ...delivery, status: null, error: "连接被拒绝 😀 ".repeat(20) }];
  for (let width = 20; width <= 200; width++) {
    const [line = ""] = linesOf(width, {}, events);
    assert.ok(displayWidth(line) <= Math.max(width, 34), `${width}: ${line}`);
  }
});

test("the likely cause of a wrong signature is printed once, below the line of the push", () => {
  const events: DevproxyEvent[] = [];
  for (let n = 0; n < 3; n++) events.push({ ...push, signProblem: "It was made with another key." }, delivery);
  const lines = linesOf(80, {}, events);
  assert.deepEqual(
    lines.map((line) => /Sign does not match the key\. It was made/.test(line)),
    [false, true, false, false],
  );
});

test("a push is printed after a second if its delivery has not ended, and again when it has", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const { screen, printed } = makeScreen(80);
  const reporter = new LiveReporter(screen, indexOf(CALL), new Redactor("secret", false));
  const pass = (ms: number) => {
    now += ms;
    t.mock.timers.tick(ms);
  };
  reporter.report(push);
  pass(900);
  assert.deepEqual([printed(), reporter.slowCount], ["", 0]);
  pass(200);
  assert.match(stripVTControlCharacters(printed()), /#12 +call\.completed.*\.\.\. +waiting for the app/);
  assert.equal(reporter.slowCount, 1);
  reporter.report({ ...delivery, ms: 1_500 });
  assert.equal(printed().trimEnd().split("\n").length, 2);
  assert.match(stripVTControlCharacters(printed()), / 200 +1\.5 s/);
  assert.equal(reporter.slowCount, 0);
});

test("failedOnly prints the failures only", () => {
  const { screen, printed } = makeScreen(80);
  const reporter = new LiveReporter(screen, indexOf(CALL), new Redactor("secret", false));
  reporter.failedOnly = true;
  for (const event of [delivery, { ...delivery, result: "handled" }, { ...delivery, result: "ignored" }])
    reporter.report(event);
  assert.equal(printed(), "");
  for (const result of ["failed", "dead", "quarantined"]) reporter.report({ ...delivery, result });
  reporter.report({ ...delivery, status: 500 });
  reporter.report({ ...delivery, status: null });
  assert.equal(printed().trimEnd().split("\n").length, 5);
});

test("a terminal gets colours; none with NO_COLOR, with TERM=dumb, or in a pipe", (t) => {
  const { NO_COLOR, TERM } = process.env;
  t.after(() => Object.assign(process.env, { NO_COLOR: NO_COLOR ?? "", TERM: TERM ?? "" }));
  const isColoured = (columns: number | undefined, env: NodeJS.ProcessEnv) => {
    Object.assign(process.env, { NO_COLOR: "", TERM: "xterm", ...env });
    const { screen, printed } = makeScreen(columns);
    new LiveReporter(screen, indexOf(CALL)).report(delivery);
    return printed().includes("\u001b");
  };
  assert.equal(isColoured(80, {}), true);
  assert.equal(isColoured(80, { NO_COLOR: "1" }), false);
  assert.equal(isColoured(80, { TERM: "dumb" }), false);
  assert.equal(isColoured(undefined, {}), false);
});

test("stopped: what listen did, and the time that it added", () => {
  const counts = {
    seen: 1_204,
    recorded: 1_203,
    delivered: 1_200,
    failed: 2,
    quarantined: 0,
    undelivered: 1,
    total: 5_000,
  };
  const journal = `${process.cwd()}/pushes`;
  const stopped = { event: "stopped", ...counts, journal, addedMs: { p50: 1.21, p99: 12.4 } } as const;
  assert.deepEqual(linesOf(60, {}, [stopped]), [
    "stopped: 1,204 pushes received, 1,203 recorded, 1,200 delivered, 2 failed, 1 undelivered",
    "added by the proxy: 1.2 ms p50, 12.4 ms p99",
    "journal: pushes, 5,000 pushes",
  ]);
  assert.deepEqual(linesOf(60, {}, [{ ...stopped, quarantined: 2, removed: 7, addedMs: null }]), [
    "stopped: 1,204 pushes received, 1,203 recorded, 1,200 delivered, 2 failed, 2 quarantined, 1 undelivered, 7 removed by --keep",
    "journal: pushes, 5,000 pushes",
  ]);
});
