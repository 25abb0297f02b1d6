import type { DeliveryHead } from "airudder-webhooks/journal";
import type { Row } from "../journal/rows.js";
import { lastDelivery, statusOf } from "../journal/status.js";
import type { Reader } from "../journal/store.js";
import type { Curtain } from "../privacy/curtain.js";
import { errorOf } from "./error.js";
import type { Screen, Style } from "./screen.js";
import { clean, duration, local } from "./words.js";

const STATUS_STYLES: Record<string, Style> = {
  handled: "green",
  accepted: "green",
  ignored: "yellow",
  stored: "cyan",
  dead: "red",
  quarantined: "yellow",
  failed: "red",
  undelivered: "yellow",
};

/** A push as `list --json` prints it. */
export async function rowJson(reader: Reader, row: Row, curtain: Curtain): Promise<object> {
  const error = await errorOf(reader, row, curtain);
  const { kind: _, ...head } = row.push;
  const last = lastDelivery(row)?.head;
  return {
    ...shown(head, curtain),
    url: curtain.url(head.url),
    ...(head.subject === undefined ? {} : { subject: curtain.subject(head.subject) }),
    drift: head.drift ?? 0,
    quarantined: head.quarantined ?? false,
    status: statusOf(row),
    ...(error === undefined ? {} : { error }),
    ...(row.mark?.attempt === undefined ? {} : { attempts: row.mark.attempt }),
    deliveries: row.deliveries.length,
    delivery: last === undefined ? null : deliveryJson(last, curtain),
  };
}

/** A head as it is printed: what of its texts, such as an id, is a phone number or an address is hidden. */
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
  const { task, call, workflow } = shown(push, curtain);
  const last = lastDelivery(row)?.head;
  const answer = last === undefined ? "-" : String(last.status ?? "---");
  const flags = [push.verified ? "verified" : "", push.drift ? `drift ${push.drift}` : "", last?.late ? "late" : ""];
  return [
    out.style("bold", `#${push.seq}`.padStart(7)),
    out.style("dim", local(push.at)),
    clean(push.type).padEnd(24),
    out.style(statusStyle(row), statusOf(row).padEnd(11)),
    answer.padStart(3),
    (last === undefined ? "" : duration(last.ms)).padStart(8),
    clean(task ?? workflow ?? "").padEnd(8),
    clean(call ?? ""),
    out.style("dim", flags.filter((flag) => flag !== "").join(", ")),
  ]
    .join("  ")
    .trimEnd();
}
