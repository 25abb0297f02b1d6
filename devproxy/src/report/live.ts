import { relative } from "node:path";
import type { DeliveryEvent, DevproxyEvent, Listener, PushEvent, StoppedEvent, TunnelEvent } from "../events.js";
import { type JournalIndex, succeeded } from "../journal/index.js";
import { Redactor } from "../privacy/index.js";
import { outcomeText } from "./outcome.js";
import type { Screen } from "./screen.js";
import { bytes, clean, clock, duration, pushes } from "./words.js";

const TOKEN_HINT = "the app requires its token: set AIRUDDER_TOKEN, or put it into --target, as in ...?token=SECRET";

/** Prints events in the format of `--json`. Notes go to standard error. */
export function jsonReporter(out: Screen, err: Screen, redactor = new Redactor("", false)): Listener {
  return (event) => {
    if (event.event === "note") err.line(clean(redactor.text(event.message)));
    else out.json(event.event === "delivery" ? redacted(event, redactor) : event);
  };
}

/** Prints events for people: one line per push, one line per delivery. */
export function liveReporter(out: Screen, index: JournalIndex, redactor = new Redactor("", false)): Listener {
  const stamp = () => out.style("dim", clock());
  let isHinted = false;
  return (event: DevproxyEvent) => {
    if (event.event === "push") {
      out.line(`${stamp()} ${out.style("cyan", "-->")} ${pushLine(out, event, index)}`);
      if (event.signProblem !== undefined)
        out.line(
          `${stamp()} ${out.style("yellow", " ! ")} #${event.seq}: Sign does not match the key. ${event.signProblem}`,
        );
    } else if (event.event === "delivery") {
      out.line(`${stamp()} ${deliveryLine(out, redacted(event, redactor), index)}`);
      if (event.code !== "bad_token" || isHinted) return;
      isHinted = true;
      out.line(`${stamp()} ${out.style("yellow", " ! ")} ${TOKEN_HINT}`);
    } else if (event.event === "tunnel") out.line(`${stamp()} ${tunnelLine(out, event)}`);
    else if (event.event === "stopped") out.line(stoppedLine(event));
    else if (event.event === "note")
      out.line(`${stamp()} ${out.style("yellow", " ! ")} ${clean(redactor.text(event.message))}`);
  };
}

/** Redacts the connection error of a delivery. Its outcome is redacted already. */
function redacted(event: DeliveryEvent, redactor: Redactor): DeliveryEvent {
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
  if (push !== undefined) parts.push(out.style("dim", bytes(push.size)));
  return parts.join("  ");
}

function deliveryLine(out: Screen, event: DeliveryEvent, index: JournalIndex): string {
  const { status, code, ms, cause, error, late, outcome } = event;
  const seq = index.byId(event.push)?.push.seq;
  const isFine = succeeded(status ?? undefined);
  const parts = [
    out.style(isFine ? "green" : "red", "<--"),
    `${out.style("bold", `#${seq ?? event.push}`)} `,
    out.style(isFine ? "green" : "red", status === null ? "undelivered" : [status, code].filter(Boolean).join(" ")),
    ` ${duration(ms)}`,
  ];
  if (cause !== "live") parts.push(` ${cause}`);
  if (error !== undefined) parts.push(` ${clean(error)}`);
  if (late) parts.push(out.style("yellow", " late: in production, Airudder would have retried"));
  if (outcome !== undefined) parts.push(out.style("dim", ` ${outcomeText(outcome)}`));
  if (outcome?.error !== undefined) parts.push(out.style("red", ` ${clean(outcome.error)}`));
  return parts.join(" ");
}

function stoppedLine({ recorded, undelivered, journal }: StoppedEvent): string {
  const folder = relative(process.cwd(), journal) || ".";
  return `stopped: ${pushes(recorded)} recorded, ${undelivered.toLocaleString("en")} undelivered, in ${folder}`;
}

function tunnelLine(out: Screen, { state, url, error }: TunnelEvent): string {
  const why = error === undefined ? "" : `  ${clean(error)}`;
  if (state !== "up") return `${out.style("red", `tunnel ${state}`)}${why}`;
  return `${out.style("green", "tunnel up")}  ${out.style("bold", url ?? "")}${error === undefined ? "  <- give this URL to Airudder" : why}`;
}
