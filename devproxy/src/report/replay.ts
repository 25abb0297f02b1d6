import { describePush } from "airudder-webhooks/inspect";
import type { Content } from "airudder-webhooks/journal";
import { JsonText, type Redactor } from "../privacy/index.js";
import {
  compareBodies,
  type ReplayEvent,
  type ReplaySummary,
  type ResponseDifference,
  VERDICTS,
  type Verdict,
  type VerdictEvent,
} from "../replay/index.js";
import { duration, pushCount, safeLine, withSeparators } from "./format.js";
import { Progress } from "./progress.js";
import type { Screen, Style } from "./screen.js";

const STYLES: Record<Verdict, Style> = {
  fixed: "green",
  regressed: "red",
  "still failing": "red",
  same: "dim",
  new: "cyan",
  ignored: "yellow",
  quarantined: "yellow",
  "stored, not handled": "yellow",
  duplicate: "yellow",
  "refused replay": "yellow",
  "accepted, handling unknown": "yellow",
};

/** The style of a verdict. */
export function verdictStyle(verdict: Verdict): Style {
  return STYLES[verdict];
}

/** Returns a listener that prints a replay as lines of redacted JSON, and notes to `err`. */
export function jsonReplayReporter(out: Screen, err: Screen, redactor: Redactor): (event: ReplayEvent) => void {
  return (event) => {
    if (event.event === "note") err.line(safeLine(redactor.text(event.message)));
    else out.json(redactReplayEvent(event, redactor));
  };
}

/** An event of a replay, redacted. The errors of handlers are redacted already, unless the replay was requested with `reveal`. */
export function redactReplayEvent(event: ReplayEvent, redactor: Redactor): ReplayEvent {
  if (event.event === "note") return { ...event, message: redactor.text(event.message) };
  if (event.event === "replay") return { ...event, target: redactor.url(event.target) };
  if (event.event !== "verdict") return event;
  return {
    ...event,
    push: redactor.pushId(event.push),
    type: redactor.type(event.type),
    ...(event.error === undefined ? {} : { error: redactor.text(event.error) }),
    differences: event.differences.map((one) => redactDifference(one, redactor)),
  };
}

/** Returns a listener that prints a replay as text, with a progress bar on a terminal. */
export function replayReporter(out: Screen, err: Screen, redactor: Redactor): (event: ReplayEvent) => void {
  let progress: Progress | undefined;
  let done = 0;
  return (event) => {
    progress?.clear();
    if (event.event === "replay") {
      if (event.total > 1) progress = new Progress(err, event.total);
      out.line(`${pushCount(event.total)} to ${redactor.url(event.target)}`);
    } else if (event.event === "note")
      out.line(`${out.style("yellow", "!")} ${safeLine(redactor.text(event.message))}`);
    else if (event.event === "summary") printSummary(out, event);
    else {
      done++;
      printVerdict(out, event, redactor);
    }
    if (event.event !== "summary") progress?.draw(done);
  };
}

function printVerdict(out: Screen, event: VerdictEvent, redactor: Redactor): void {
  const { seq, type, verdict, status, code, ms, error, differences, edited, unexpected } = event;
  const response =
    status === null ? safeLine(redactor.text(error ?? "no response")) : [status, code].filter(Boolean).join(" ");
  const change = edited ? out.style("yellow", "  edited") : "";
  const note = unexpected ? out.style("red", "  not as expected") : "";
  out.line(
    `${out.style("bold", `#${seq}`)}  ${safeLine(type)}  ${out.style(STYLES[verdict], verdict)}  ${response}  ${out.style("dim", duration(ms))}${change}${note}`,
  );
  if (status !== null && error !== undefined) out.line(`      ${out.style("red", safeLine(error))}`);
  for (const difference of differences) {
    const { path, before, after } = redactDifference(difference, redactor);
    const name = path === "" ? "body" : path === "status" || path === "result" ? path : `body ${path}`;
    out.line(differenceLine(out, name, before, after));
  }
}

function differenceLine(out: Screen, name: string, before: unknown, after: unknown): string {
  return `      ${safeLine(name)}: ${out.style("red", valueText(before))} -> ${out.style("green", valueText(after))}`;
}

/** The redacted differences between an edited push and the recorded one. */
export function editDifferences(before: Content, after: Content, redactor: Redactor): ResponseDifference[] {
  const [left, right] = [before, after].map(({ headers, body }) =>
    bytesOf(redactor.push(describePush(body, headers), body, headers)),
  ) as [Buffer, Buffer];
  return compareBodies(left, right);
}

function bytesOf(body: unknown): Buffer {
  return Buffer.from(body instanceof JsonText ? body.text : JSON.stringify(body));
}

/** The differences as text, one line each. */
export function differenceLines(out: Screen, differences: readonly ResponseDifference[]): string[] {
  return differences.map(({ path, before, after }) => differenceLine(out, path, before, after));
}

function redactDifference({ path, before, after }: ResponseDifference, redactor: Redactor): ResponseDifference {
  const redact = (value: unknown) =>
    path === "status" || path === "result" ? value : redactor.responsePart(value, path);
  return {
    path: redactor.path(path),
    before: redact(before),
    after: redact(after),
  };
}

function valueText(value: unknown): string {
  const text =
    value === undefined ? "(absent)" : String(value instanceof JsonText ? value.text : JSON.stringify(value));
  return safeLine(text.length > 120 ? `${text.slice(0, 117)}...` : text);
}

function printSummary(out: Screen, { total, verdicts, unexpected, skipped, unrecorded, ms }: ReplaySummary): void {
  out.line();
  for (const verdict of VERDICTS) {
    const count = verdicts[verdict];
    if (count) out.line(`${String(count).padStart(7)}  ${out.style(STYLES[verdict], verdict)}`);
  }
  out.line(`${pushCount(total).padStart(7)} in ${duration(ms)}`);
  if (skipped) out.line(out.style("yellow", `${pushCount(skipped)} not sent`));
  if (unexpected > 0) out.line(out.style("red", `${pushCount(unexpected)} did not meet --expect`));
  if (unrecorded !== undefined) {
    const what = unrecorded === 1 ? "1 delivery" : `${withSeparators(unrecorded)} deliveries`;
    out.line(out.style("red", `${what} could not be recorded in the journal`));
  }
}
