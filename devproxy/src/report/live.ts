import { relative } from "node:path";
import type { DeliveryEvent, DevproxyEvent, Listener, PushEvent, StoppedEvent, TunnelEvent } from "../events.js";
import { type JournalIndex, succeeded } from "../journal/index.js";
import { Redactor } from "../privacy/index.js";
import { byteSize, duration, outcomeText, pushCount, safeLine, timeOfDay, withSeparators } from "./format.js";
import type { Screen } from "./screen.js";

const TOKEN_HINT = "the app requires its token: set AIRUDDER_TOKEN, or put it into --target, as in ...?token=SECRET";

/** Returns a listener that prints events in the format of `--json`, and notes to `err`. */
export function jsonLiveReporter(out: Screen, err: Screen, redactor = new Redactor("", false)): Listener {
  return (event) => {
    if (event.event === "note") err.line(safeLine(redactor.text(event.message)));
    else out.json(event.event === "delivery" ? redactError(event, redactor) : event);
  };
}

/** Returns a listener that prints events as text: one line per push, one line per delivery. */
export function liveReporter(out: Screen, index: JournalIndex, redactor = new Redactor("", false)): Listener {
  const stamp = () => out.style("dim", timeOfDay());
  let isTokenHintPrinted = false;
  return (event: DevproxyEvent) => {
    if (event.event === "push") {
      out.line(`${stamp()} ${out.style("cyan", "-->")} ${pushLine(out, event, index)}`);
      if (event.signProblem !== undefined)
        out.line(
          `${stamp()} ${out.style("yellow", " ! ")} #${event.seq}: Sign does not match the key. ${event.signProblem}`,
        );
    } else if (event.event === "delivery") {
      out.line(`${stamp()} ${deliveryLine(out, redactError(event, redactor), index)}`);
      if (event.code !== "bad_token" || isTokenHintPrinted) return;
      isTokenHintPrinted = true;
      out.line(`${stamp()} ${out.style("yellow", " ! ")} ${TOKEN_HINT}`);
    } else if (event.event === "tunnel") out.line(`${stamp()} ${tunnelLine(out, event)}`);
    else if (event.event === "stopped") out.line(stoppedLine(event));
    else if (event.event === "note")
      out.line(`${stamp()} ${out.style("yellow", " ! ")} ${safeLine(redactor.text(event.message))}`);
  };
}

/** Redacts the connection error of a delivery. Its outcome is already redacted. */
function redactError(event: DeliveryEvent, redactor: Redactor): DeliveryEvent {
  return event.error === undefined ? event : { ...event, error: redactor.text(event.error) };
}

function pushLine(
  out: Screen,
  { id, seq, type, verified, drift, signProblem }: PushEvent,
  index: JournalIndex,
): string {
  const push = index.byId(id)?.push;
  const parts = [out.style("bold", `#${seq}`), type];
  if (verified) parts.push(out.style("green", "verified"));
  if (signProblem !== undefined) parts.push(out.style("red", "bad signature"));
  if (push?.quarantined) parts.push(out.style("yellow", "quarantined"));
  if (drift > 0) parts.push(out.style("yellow", `drift ${drift}`));
  if (push !== undefined) parts.push(out.style("dim", byteSize(push.size)));
  return parts.join("  ");
}

function deliveryLine(out: Screen, event: DeliveryEvent, index: JournalIndex): string {
  const { status, code, ms, cause, error, late, outcome } = event;
  const seq = index.byId(event.push)?.push.seq;
  const isSuccess = succeeded(status ?? undefined);
  const parts = [
    out.style(isSuccess ? "green" : "red", "<--"),
    `${out.style("bold", `#${seq ?? event.push}`)} `,
    out.style(isSuccess ? "green" : "red", status === null ? "undelivered" : [status, code].filter(Boolean).join(" ")),
    ` ${duration(ms)}`,
  ];
  if (cause !== "live") parts.push(` ${cause}`);
  if (error !== undefined) parts.push(` ${safeLine(error)}`);
  if (late) parts.push(out.style("yellow", " late: in production, Airudder would have retried"));
  if (outcome !== undefined) parts.push(out.style("dim", ` ${outcomeText(outcome)}`));
  if (outcome?.error !== undefined) parts.push(out.style("red", ` ${safeLine(outcome.error)}`));
  return parts.join(" ");
}

function stoppedLine({ recorded, undelivered, journal }: StoppedEvent): string {
  const folder = relative(process.cwd(), journal) || ".";
  return `stopped: ${pushCount(recorded)} recorded, ${withSeparators(undelivered)} undelivered, in ${folder}`;
}

function tunnelLine(out: Screen, { state, url, error }: TunnelEvent): string {
  const why = error === undefined ? "" : `  ${safeLine(error)}`;
  if (state !== "up") return `${out.style("red", `tunnel ${state}`)}${why}`;
  return `${out.style("green", "tunnel up")}  ${out.style("bold", url ?? "")}${error === undefined ? "  <- give this URL to Airudder" : why}`;
}
