import type { NoteEvent } from "../events.js";
import type { Redactor } from "../privacy/index.js";
import { isSuccess, resultWord, type TestPush, type TriggerEvent, type TriggerSummary } from "../trigger/index.js";
import { duration, pushCount, safeLine, withSeparators } from "./format.js";
import type { Screen, Style } from "./screen.js";

/** The result of a test push, and the push, whose values are redacted in the errors of handlers. */
export interface SentPush {
  event: TriggerEvent;
  push: TestPush;
}

/** Prints the results of test pushes, notes about them, and the summary. */
export interface TriggerReporter {
  note(event: NoteEvent): void;
  sent(sent: SentPush): void;
  summary(summary: TriggerSummary): void;
}

/** Prints lines of redacted JSON, and notes to `err`. */
export function jsonTriggerReporter(out: Screen, err: Screen, redactor: Redactor): TriggerReporter {
  return {
    note: ({ message }) => err.line(safeLine(redactor.text(message))),
    sent: (sent) => out.json({ ...sent.event, error: errorOf(sent, redactor) }),
    summary: (summary) => out.json(summary),
  };
}

/** Prints one line per push. */
export function triggerReporter(out: Screen, redactor: Redactor): TriggerReporter {
  return {
    note: ({ message }) => out.line(`${out.style("yellow", "!")} ${safeLine(redactor.text(message))}`),
    sent: (sent) => {
      for (const line of sentLines(out, sent, redactor)) out.line(line);
    },
    summary: (summary) => {
      if (summary.total > 1) out.line(summaryLine(out, summary));
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
  const notes = [
    status === null ? undefined : error,
    pending && "The app did not respond. listen responded 200, and delivers the push when the app responds again.",
  ];
  return [parts.join("  "), ...notes.flatMap((note) => (note ? [`      ${out.style("red", safeLine(note))}`] : []))];
}

/** Why a push failed, redacted. */
function errorOf({ event: { error, status }, push }: SentPush, redactor: Redactor): string | undefined {
  if (error === undefined) return undefined;
  return status === null ? redactor.text(error) : redactor.handlerError(error, push);
}

function summaryLine(out: Screen, { total, failed, results, ms }: TriggerSummary): string {
  const counts = Object.entries(results).map(([word, count]) => `${withSeparators(count)} ${word}`);
  const failures =
    failed === 0 ? "" : `; ${out.style("red", `${withSeparators(failed)} without status 200 of the app`)}`;
  return `\n${pushCount(total)} in ${duration(ms)}: ${counts.join(", ")}${failures}`;
}
