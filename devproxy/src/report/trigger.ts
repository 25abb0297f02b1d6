import type { NoteEvent } from "../events.js";
import type { Redactor } from "../privacy/index.js";
import { isSuccess, resultWord, type TestPush, type TriggerEvent, type TriggerSummary } from "../trigger/index.js";
import type { VendorAttempt, VendorReading } from "../vendor/index.js";
import { duration, pushCount, safeLine, withSeparators } from "./format.js";
import { Progress } from "./progress.js";
import type { Screen, Style } from "./screen.js";
import { readingLines, vendorAttemptLine, vendorDeliveryLine } from "./vendor.js";

/** The result of a test push, and the push, whose values are redacted in the errors of handlers. */
export interface SentPush {
  event: TriggerEvent;
  push: TestPush;
}

/** Prints the results of test pushes, notes about them, and the summary. */
export interface TriggerReporter {
  note(event: NoteEvent): void;
  /** How the vendor's documentation is interpreted. Called before the first push. */
  reading(reading: VendorReading): void;
  /** One attempt of `--as-vendor`. */
  attempt(push: TestPush, attempt: VendorAttempt, reading: VendorReading): void;
  sent(sent: SentPush): void;
  summary(summary: TriggerSummary): void;
}

/** Prints lines of redacted JSON, and notes to `err`. */
export function jsonTriggerReporter(out: Screen, err: Screen, redactor: Redactor): TriggerReporter {
  return {
    note: ({ message }) => err.line(safeLine(redactor.text(message))),
    reading: (reading) => out.json({ event: "reading", ...reading }),
    attempt: () => undefined,
    sent: (sent) => out.json(triggerJson(sent, redactor)),
    summary: (summary) => out.json(summary),
  };
}

/** The result of a test push as `--json` prints it. */
export function triggerJson(sent: SentPush, redactor: Redactor): TriggerEvent {
  const error = errorOf(sent, redactor);
  return { ...sent.event, ...(error === undefined ? {} : { error }) };
}

/** Prints one line per push. */
export function triggerReporter(out: Screen, redactor: Redactor): TriggerReporter {
  return {
    note: ({ message }) => out.line(`${out.style("yellow", "!")} ${safeLine(redactor.text(message))}`),
    reading: (reading) => {
      for (const line of readingLines(reading)) out.line(out.style("dim", line));
    },
    attempt: (push, attempt, { deliveries, retryDelayMs }) => {
      if (attempt.received) return;
      const max = deliveries.find(({ type }) => type === push.type)?.deliveries;
      const next = attempt.attempt === max ? "" : `; next attempt in ${duration(retryDelayMs)}`;
      out.line(`      ${safeLine(push.type)}  ${vendorAttemptLine(attempt)}${next}`);
    },
    sent: (sent) => {
      for (const line of sentLines(out, sent, redactor)) out.line(line);
    },
    summary: (summary) => {
      if (summary.total > 1) out.line(summaryLine(out, summary));
    },
  };
}

/** Maximum number of failed pushes of a campaign that are printed. */
const MAX_FAILURES = 20;

/** Prints the progress of a campaign to `err`, its first failures and its summary to `out`. */
export function campaignReporter(out: Screen, err: Screen, redactor: Redactor, total: number): TriggerReporter {
  const lines = triggerReporter(out, redactor);
  const progress = new Progress(err, total);
  let sentCount = 0;
  let failures = 0;
  return {
    ...lines,
    attempt: () => undefined,
    sent: (sent) => {
      progress.show(++sentCount);
      if (isSuccess(sent.event) || ++failures > MAX_FAILURES) return;
      progress.clear();
      lines.sent(sent);
    },
    summary: (summary) => {
      progress.clear();
      if (failures > MAX_FAILURES) out.line(`... and ${withSeparators(failures - MAX_FAILURES)} more failures`);
      out.line(summaryLine(out, summary));
    },
  };
}

const STYLES: Readonly<Record<string, Style>> = {
  handled: "green",
  accepted: "green",
  stored: "cyan",
  failed: "red",
  dead: "red",
  rejected: "red",
};

function sentLines(out: Screen, sent: SentPush, redactor: Redactor): string[] {
  const { event } = sent;
  const { seq, type, status, code, ms, pending } = event;
  const error = errorOf(sent, redactor);
  const word = resultWord(event);
  const response = status === null ? (error ?? "no response") : [status, code].filter(Boolean).join(" ");
  const parts = [
    out.style("bold", seq === null ? "-" : `#${seq}`),
    safeLine(type),
    out.style(isSuccess(event) ? "green" : "red", safeLine(response)),
    out.style(STYLES[word] ?? "yellow", word),
    out.style("dim", duration(ms)),
  ];
  const { state, attempts } = event;
  const notes = [
    status === null ? undefined : error,
    state && attempts && (attempts.length > 1 || state === "lost") && vendorDeliveryLine({ state, attempts }),
    pending && "The app did not respond. listen responded 200, and delivers the push when the app responds again.",
  ];
  return [parts.join("  "), ...notes.flatMap((note) => (note ? [`      ${out.style("red", safeLine(note))}`] : []))];
}

/** Why a push failed, redacted. */
function errorOf({ event: { error, status }, push }: SentPush, redactor: Redactor): string | undefined {
  if (error === undefined) return undefined;
  return status === null ? redactor.text(error) : redactor.handlerError(error, push);
}

function summaryLine(out: Screen, { total, failed, results, lost, ms }: TriggerSummary): string {
  const counts = Object.entries(results).map(([word, count]) => `${withSeparators(count)} ${word}`);
  const what = lost === undefined ? "without the response 200" : `not received, ${withSeparators(lost)} of them lost`;
  const failures = failed === 0 ? "" : `; ${out.style("red", `${withSeparators(failed)} ${what}`)}`;
  return `\n${pushCount(total)} in ${duration(ms)}: ${counts.join(", ")}${failures}`;
}
