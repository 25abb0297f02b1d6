import { describePush } from "airudder-webhooks";
import type { DeliveryEvent, DevproxyEvent, Listener, PushEvent, TunnelEvent } from "../events.js";
import { deliveredContent } from "../ingress/delivered-content.js";
import type { Index } from "../journal/rows.js";
import { succeeded } from "../journal/status.js";
import { Curtain } from "../privacy/curtain.js";
import { outcomeText } from "./outcome.js";
import type { Screen } from "./screen.js";
import { bytes, clean, clock, duration } from "./words.js";

const TOKEN_HINT = "the app wants its token: put it into --target, as in ...?token=SECRET";

/** Prints events as `--json` promises them; what is no part of that goes to standard error. */
export function jsonReporter(out: Screen, err: Screen, curtain = new Curtain("", false)): Listener {
  return (event) => {
    if (event.event === "note") err.line(clean(curtain.text(event.message)));
    else out.json(event.event === "delivery" ? redacted(event, curtain) : event);
  };
}

/** Prints events for people: a line a push, a line a delivery. */
export function liveReporter(out: Screen, index: Index, curtain = new Curtain("", false)): Listener {
  const stamp = () => out.style("dim", clock());
  let isHinted = false;
  return (event: DevproxyEvent) => {
    if (event.event === "push") out.line(`${stamp()} ${out.style("cyan", "-->")} ${pushLine(out, event, index)}`);
    else if (event.event === "delivery") {
      out.line(`${stamp()} ${deliveryLine(out, redacted(event, curtain), index)}`);
      if (event.code !== "bad_token" || isHinted) return;
      isHinted = true;
      out.line(`${stamp()} ${out.style("yellow", " ! ")} ${TOKEN_HINT}`);
    } else if (event.event === "tunnel") out.line(`${stamp()} ${tunnelLine(out, event)}`);
    else if (event.event === "note")
      out.line(`${stamp()} ${out.style("yellow", " ! ")} ${clean(curtain.text(event.message))}`);
  };
}

/** A delivery without what its app's response says of a person. */
function redacted(event: DeliveryEvent, curtain: Curtain): DeliveryEvent {
  const { error, outcome, ...rest } = event;
  const content = deliveredContent(event);
  const payload = content && describePush(content.body, content.headers).payload;
  const shown = curtain.outcome(outcome, payload);
  return {
    ...rest,
    ...(error === undefined ? {} : { error: curtain.text(error) }),
    ...(shown === undefined ? {} : { outcome: shown }),
  };
}

function pushLine(out: Screen, { id, seq, type, verified, drift }: PushEvent, index: Index): string {
  const push = index.byId(id)?.push;
  const parts = [out.style("bold", `#${seq}`), type];
  if (verified) parts.push(out.style("green", "verified"));
  if (push?.quarantined) parts.push(out.style("yellow", "quarantined"));
  if (drift > 0) parts.push(out.style("yellow", `drift ${drift}`));
  if (push !== undefined) parts.push(out.style("dim", bytes(push.size)));
  return parts.join("  ");
}

function deliveryLine(out: Screen, event: DeliveryEvent, index: Index): string {
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
  if (late) parts.push(out.style("yellow", " late: in production Airudder would have sent this again"));
  if (outcome !== undefined) parts.push(out.style("dim", ` ${outcomeText(outcome)}`));
  return parts.join(" ");
}

function tunnelLine(out: Screen, { state, url, error }: TunnelEvent): string {
  const why = error === undefined ? "" : `  ${clean(error)}`;
  if (state !== "up") return `${out.style("red", `tunnel ${state}`)}${why}`;
  return `${out.style("green", "tunnel up")}  ${out.style("bold", url ?? "")}${error === undefined ? "  <- give this URL to Airudder" : why}`;
}
