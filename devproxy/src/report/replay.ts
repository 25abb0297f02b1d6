import { describePush } from "airudder-webhooks";
import type { Content } from "airudder-webhooks/journal";
import type { Curtain } from "../privacy/curtain.js";
import { compareBodies, type Difference } from "../replay/differences.js";
import type { ReplayEvent, ReplaySummary, VerdictEvent } from "../replay/events.js";
import { VERDICTS, type Verdict } from "../replay/verdict.js";
import type { Screen, Style } from "./screen.js";
import { clean, duration, pushes } from "./words.js";

const STYLES: Record<Verdict, Style> = {
  fixed: "green",
  regressed: "red",
  "still failing": "red",
  same: "dim",
  new: "cyan",
};

/** Prints a replay as lines of JSON, personal data behind the curtain. */
export function jsonReplayReporter(out: Screen, err: Screen, curtain: Curtain): (event: ReplayEvent) => void {
  return (event) => {
    if (event.event === "note") err.line(clean(event.message));
    else if (event.event === "verdict")
      out.json({ ...event, differences: event.differences.map((one) => masked(one, curtain)) });
    else if (event.event === "replay") out.json({ ...event, target: curtain.url(event.target) });
    else out.json(event);
  };
}

/** Prints a replay for people; on a terminal with a line that shows how far it is. */
export function replayReporter(out: Screen, curtain: Curtain): (event: ReplayEvent) => void {
  let total = 0;
  let done = 0;
  return (event) => {
    if (out.isTerminal && done > 0) out.write("\r\u001b[2K");
    if (event.event === "replay") {
      total = event.total;
      out.line(`${pushes(total)} to ${curtain.url(event.target)}`);
    } else if (event.event === "note") out.line(`${out.style("yellow", "!")} ${clean(event.message)}`);
    else if (event.event === "summary") printSummary(out, event);
    else {
      done++;
      printVerdict(out, event, curtain);
    }
    if (out.isTerminal && event.event === "verdict")
      out.write(out.style("dim", `  ${bar(done, total)} ${done}/${total}`));
  };
}

function bar(done: number, total: number): string {
  const filled = Math.round((20 * done) / Math.max(1, total));
  return `[${"#".repeat(filled)}${"-".repeat(20 - filled)}]`;
}

function printVerdict(out: Screen, event: VerdictEvent, curtain: Curtain): void {
  const { seq, type, verdict, status, ms, error, differences, unexpected } = event;
  const answer = status === null ? `undelivered: ${clean(error ?? "")}` : String(status);
  const missed = unexpected ? out.style("red", "  not as expected") : "";
  out.line(
    `${out.style("bold", `#${seq}`)}  ${clean(type)}  ${out.style(STYLES[verdict], verdict)}  ${answer}  ${out.style("dim", duration(ms))}${missed}`,
  );
  for (const difference of differences) {
    const { path, before, after } = masked(difference, curtain);
    const name = path === "" ? "body" : path === "status" ? path : `body ${path}`;
    out.line(differenceLine(out, name, before, after));
  }
}

function differenceLine(out: Screen, name: string, before: unknown, after: unknown): string {
  return `      ${clean(name)}: ${out.style("red", shown(before))} -> ${out.style("green", shown(after))}`;
}

/** Where an edited push differs from the recorded one, personal data behind the curtain. */
export function editsOf(before: Content, after: Content, curtain: Curtain): Difference[] {
  const [left, right] = [before, after].map(({ headers, body }) =>
    Buffer.from(JSON.stringify(curtain.push(describePush(body, headers), body))),
  ) as [Buffer, Buffer];
  return compareBodies(left, right);
}

/** The same for people, a line each. */
export function editLines(out: Screen, edits: readonly Difference[]): string[] {
  return edits.map(({ path, before, after }) => differenceLine(out, path, before, after));
}

function masked({ path, before, after }: Difference, curtain: Curtain): Difference {
  const shield = (value: unknown) => (path === "status" ? value : curtain.answerPart(value, path));
  return {
    path: curtain.path(path),
    ...(before === undefined ? {} : { before: shield(before) }),
    ...(after === undefined ? {} : { after: shield(after) }),
  };
}

function shown(value: unknown): string {
  const text = value === undefined ? "(nothing)" : JSON.stringify(value);
  return clean(text.length > 120 ? `${text.slice(0, 117)}...` : text);
}

function printSummary(out: Screen, { total, verdicts, unexpected, unrecorded, ms }: ReplaySummary): void {
  out.line();
  for (const verdict of VERDICTS) {
    const count = verdicts[verdict];
    if (count) out.line(`${String(count).padStart(7)}  ${out.style(STYLES[verdict], verdict)}`);
  }
  out.line(`${pushes(total).padStart(7)} in ${duration(ms)}`);
  if (unexpected > 0) out.line(out.style("red", `${pushes(unexpected)} did not answer as expected`));
  if (unrecorded !== undefined) {
    const what = unrecorded === 1 ? "1 delivery" : `${unrecorded.toLocaleString("en")} deliveries`;
    out.line(out.style("red", `${what} could not be recorded in the journal`));
  }
}
