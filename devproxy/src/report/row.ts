import type { DeliveryHead } from "airudder-webhooks/journal";
import type { Row } from "../journal/rows.js";
import { lastDelivery, statusOf } from "../journal/status.js";
import type { Curtain } from "../privacy/curtain.js";
import type { Screen, Style } from "./screen.js";
import { clean, cut, duration, local } from "./words.js";

const STATUS_STYLES: Record<string, Style> = {
  accepted: "green",
  quarantined: "yellow",
  failed: "red",
  undelivered: "yellow",
};

/** A push as `list --json` prints it. */
export function rowJson(row: Row, curtain: Curtain): object {
  const { kind: _, ...head } = row.push;
  const last = lastDelivery(row)?.head;
  return {
    ...shown(head, curtain),
    id: curtain.pushId(head.id),
    method: curtain.method(head.method),
    url: curtain.url(head.url),
    type: curtain.type(head.type),
    ...shownIds(head, curtain),
    ...(head.subject === undefined ? {} : { subject: curtain.subject(head.subject) }),
    drift: head.drift ?? 0,
    quarantined: head.quarantined ?? false,
    status: statusOf(row),
    deliveries: row.deliveries.length,
    delivery: last === undefined ? null : deliveryJson(last, curtain),
  };
}

type Ids = Partial<Record<"task" | "call" | "workflow", string>>;

function shownIds(head: Ids, curtain: Curtain): Ids {
  const names = ["task", "call", "workflow"] as const;
  return Object.fromEntries(
    names.flatMap((name) => (head[name] === undefined ? [] : [[name, curtain.id(head[name])]])),
  );
}

/** A head as it is printed: phone numbers and e-mail addresses in its texts are redacted. */
function shown<T extends object>(head: T, curtain: Curtain): T {
  return Object.fromEntries(
    Object.entries(head).map(([name, value]) => [name, typeof value === "string" ? curtain.text(value) : value]),
  ) as T;
}

/** A try to deliver as `--json` prints it. */
export function deliveryJson({ kind: _, push: __, ...head }: DeliveryHead, curtain: Curtain): object {
  return { ...shown(head, curtain), target: curtain.url(head.target), status: head.status ?? null };
}

/** The style that a push's status is printed in. */
export function statusStyle(row: Row): Style {
  return STATUS_STYLES[statusOf(row)] ?? "bold";
}

/** A push as a line of `list`. */
export function rowLine(out: Screen, row: Row, curtain: Curtain): string {
  const { push } = row;
  const { task, call, workflow } = shownIds(push, curtain);
  const last = lastDelivery(row)?.head;
  const answer = last === undefined ? "-" : String(last.status ?? "---");
  const flags = [push.verified ? "verified" : "", push.drift ? `drift ${push.drift}` : "", last?.late ? "late" : ""];
  return [
    out.style("bold", `#${push.seq}`.padStart(7)),
    out.style("dim", local(push.at)),
    clean(curtain.type(push.type)).padEnd(24),
    out.style(statusStyle(row), statusOf(row).padEnd(11)),
    answer.padStart(3),
    (last === undefined ? "" : duration(last.ms)).padStart(8),
    cut(clean(task ?? workflow ?? "")).padEnd(8),
    cut(clean(call ?? "")),
    out.style("dim", flags.filter((flag) => flag !== "").join(", ")),
  ]
    .join("  ")
    .trimEnd();
}
