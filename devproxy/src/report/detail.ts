import { describePush, type PushDescription } from "airudder-webhooks";
import type { Content, MarkHead } from "airudder-webhooks/journal";
import { statedType } from "../drift/stated-type.js";
import { refusalCode } from "../ingress/refusal-code.js";
import { marksOf } from "../journal/history.js";
import { readOutcome } from "../journal/outcome.js";
import type { DeliveryRow, Row } from "../journal/rows.js";
import { statusOf, succeeded } from "../journal/status.js";
import type { Reader } from "../journal/store.js";
import type { Curtain } from "../privacy/curtain.js";
import { JsonText } from "../privacy/json-text.js";
import { outcomeText } from "./outcome.js";
import { deliveryJson, rowJson, statusStyle } from "./row.js";
import type { Screen } from "./screen.js";
import { clean, duration, local, visible } from "./words.js";

/** Everything that is known of a push, as `show --json` prints it. */
export async function detailJson(reader: Reader, row: Row, content: Content, curtain: Curtain): Promise<object> {
  const description = descriptionOf(row, content);
  const history = await historyOf(reader, row);
  const deliveries = await Promise.all(
    row.deliveries.map(async (delivery) => {
      const response = await responseOf(reader, delivery);
      const outcome = response && readOutcome(response.headers["airudder-outcome"]);
      return {
        ...deliveryJson(delivery.head, curtain),
        ...(outcome?.error ? { error: curtain.error(outcome.error, description.payload) } : {}),
        response: response && {
          headers: curtain.headers(response.headers),
          body: curtain.answer(response.body, description.payload),
        },
      };
    }),
  );
  return {
    head: await rowJson(reader, row, curtain),
    headers: curtain.headers(content.headers),
    body: curtain.push(description, content.body, content.headers),
    drift: description.drift.map((drift) => ({ ...drift, path: curtain.path(drift.path) })),
    ...(history.length === 0 ? {} : { inbox: history.map((mark) => markJson(mark, description.payload, curtain)) }),
    deliveries,
  };
}

function markJson({ at, state, attempt, error }: MarkHead, payload: unknown, curtain: Curtain): object {
  return { at, state, attempt, ...(error === undefined ? {} : { error: curtain.error(error, payload) }) };
}

/** What there is to say of a push's content: compressed or not, by the type that it was recorded with. */
function descriptionOf({ push }: Row, { headers, body }: Content): PushDescription {
  return describePush(body, headers, statedType(push));
}

async function responseOf(reader: Reader, { head, place }: DeliveryRow): Promise<Content | null> {
  return head.status === undefined ? null : reader.content(place);
}

/** The same for people. */
export async function detailLines(
  reader: Reader,
  row: Row,
  content: Content,
  curtain: Curtain,
  out: Screen,
): Promise<string[]> {
  const { push } = row;
  const description = descriptionOf(row, content);
  const facts: [string, string | undefined][] = [
    ["id", curtain.pushId(push.id)],
    ["came", `${local(push.at)}, ${push.source}`],
    ["request", `${curtain.method(push.method)} ${curtain.url(push.url)}`],
    ["task", push.task && curtain.id(push.task)],
    ["call", push.call && curtain.id(push.call)],
    ["workflow", push.workflow && curtain.id(push.workflow)],
    ["body", `${push.size} bytes, sha256 ${push.sha256}`],
  ];
  const lines = [
    `${out.style("bold", `#${push.seq}`)}  ${clean(curtain.type(push.type))}  ${out.style(statusStyle(row), statusOf(row))}${push.verified ? "  verified" : ""}`,
    ...facts.flatMap(([name, value]) =>
      value === undefined ? [] : [`  ${out.style("dim", name.padEnd(9))}${clean(value)}`],
    ),
    ...section(out, "Headers", headerLines(curtain.headers(content.headers))),
    ...section(out, "Body", bodyLines(curtain.push(description, content.body, content.headers))),
  ];
  const drift = description.drift.map(
    ({ path, kind, expected, got }) =>
      `${curtain.path(path)}: ${kind.replace("_", " ")}, ${expected} expected, ${got} came`,
  );
  lines.push(...section(out, "Drift", drift.map(clean)));
  const tries = [];
  for (const delivery of row.deliveries)
    tries.push(...(await deliveryLines(reader, delivery, description.payload, curtain, out)));
  lines.push(
    ...section(
      out,
      "Inbox",
      (await historyOf(reader, row)).map((mark) => markLine(mark, description.payload, curtain, out)),
    ),
  );
  lines.push(...section(out, "Deliveries", tries.length === 0 ? ["none"] : tries));
  return lines;
}

/** The marks of a push in its inbox; none for a push of a dev proxy. */
async function historyOf(reader: Reader, row: Row): Promise<MarkHead[]> {
  return row.push.source === "inbox" ? marksOf(reader.dir, row) : [];
}

function markLine({ at, state, attempt, error }: MarkHead, payload: unknown, curtain: Curtain, out: Screen): string {
  const words = [local(at), state, attempt === undefined ? "" : `attempt ${attempt}`];
  const cause = error === undefined ? "" : `  ${out.style("red", clean(curtain.error(error, payload)))}`;
  return `${words.filter((word) => word !== "").join("  ")}${cause}`;
}

function section(out: Screen, title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : ["", out.style("bold", title), ...lines.map((line) => `  ${line}`)];
}

function headerLines(headers: Content["headers"]): string[] {
  return Object.entries(headers).map(([name, value]) => clean(`${name}: ${[value].flat().join(", ")}`));
}

function bodyLines(body: unknown): string[] {
  if (body instanceof JsonText) return body.pretty().split("\n").map(visible);
  return String(body).split("\n").map(clean);
}

async function deliveryLines(
  reader: Reader,
  delivery: DeliveryRow,
  payload: unknown,
  curtain: Curtain,
  out: Screen,
): Promise<string[]> {
  const { at, status, error, ms, cause, late, aside, target } = delivery.head;
  const response = await responseOf(reader, delivery);
  const code = response && refusalCode(response.body);
  const result =
    status === undefined
      ? `undelivered: ${clean(curtain.text(error ?? ""))}`
      : [status, code].filter(Boolean).join(" ");
  const style = succeeded(status) ? "green" : "red";
  const lines = [
    `${local(at)}  ${out.style(style, result)}  ${duration(ms)}  ${cause}${late ? ", late" : ""}${aside ? `, ${aside}` : ""}  ${out.style("dim", clean(curtain.url(target)))}`,
  ];
  const outcome = response && readOutcome(response.headers["airudder-outcome"]);
  if (outcome) lines.push(`    ${outcomeText(outcome)}`);
  if (outcome?.error) lines.push(`    ${out.style("red", clean(curtain.error(outcome.error, payload)))}`);
  if (response && response.body.length > 0) {
    lines.push(
      ...bodyLines(curtain.answer(response.body, payload))
        .slice(0, 40)
        .map((line) => `    ${line}`),
    );
  }
  return lines;
}
