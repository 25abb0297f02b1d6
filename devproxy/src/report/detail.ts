import { describePush, type PushDescription, SEARCH_KEYS } from "airudder-webhooks/inspect";
import type { Content, MarkHead } from "airudder-webhooks/journal";
import { errorCodeOf, readOutcome } from "../http/index.js";
import { type DeliveryRow, type JournalReader, marksOf, type Row, statusOf, succeeded } from "../journal/index.js";
import { JsonText, type Redactor } from "../privacy/index.js";
import { outcomeText } from "./outcome.js";
import { deliveryJson, rowJson, statusStyle } from "./row.js";
import type { Screen } from "./screen.js";
import { clean, duration, local, visible } from "./words.js";

/** Everything that is known of a push, as `show --json` prints it. */
export async function detailJson(
  reader: JournalReader,
  row: Row,
  content: Content,
  redactor: Redactor,
): Promise<object> {
  const description = descriptionOf(row, content);
  const history = await historyOf(reader, row);
  const deliveries = await Promise.all(
    row.deliveries.map(async (delivery) => {
      const response = await responseOf(reader, delivery);
      const outcome = response && readOutcome(response.headers["airudder-outcome"]);
      return {
        ...deliveryJson(delivery.head, redactor),
        ...(outcome?.error ? { error: redactor.error(outcome.error, description.payload) } : {}),
        response: response && {
          headers: redactor.headers(response.headers),
          body: redactor.response(response.body, description.payload),
        },
      };
    }),
  );
  return {
    head: await rowJson(reader, row, redactor),
    headers: redactor.headers(content.headers),
    body: redactor.push(description, content.body, content.headers),
    drift: description.drift.map((drift) => ({ ...drift, path: redactor.path(drift.path) })),
    ...(history.length === 0 ? {} : { inbox: history.map((mark) => markJson(mark, description.payload, redactor)) }),
    deliveries,
  };
}

function markJson({ at, state, attempt, error }: MarkHead, payload: unknown, redactor: Redactor): object {
  return { at, state, attempt, ...(error === undefined ? {} : { error: redactor.error(error, payload) }) };
}

/** What there is to say of a push's content: compressed or not, by the type that it was recorded with. */
function descriptionOf({ push }: Row, { headers, body }: Content): PushDescription {
  return describePush(body, headers, push);
}

async function responseOf(reader: JournalReader, { head, location }: DeliveryRow): Promise<Content | null> {
  return head.status === undefined ? null : reader.content(location);
}

/** The same for people. */
export async function detailLines(
  reader: JournalReader,
  row: Row,
  content: Content,
  redactor: Redactor,
  out: Screen,
): Promise<string[]> {
  const { push } = row;
  const description = descriptionOf(row, content);
  const facts: [string, string | undefined][] = [
    ["id", redactor.pushId(push.id)],
    ["came", `${local(push.at)}, ${push.source}`],
    ["request", `${redactor.method(push.method)} ${redactor.url(push.url)}`],
    ...SEARCH_KEYS.map((key): [string, string | undefined] => [key, push[key] && redactor.id(push[key])]),
    ["body", `${push.size} bytes, sha256 ${push.sha256}`],
  ];
  const lines = [
    `${out.style("bold", `#${push.seq}`)}  ${clean(redactor.type(push.type))}  ${out.style(statusStyle(row), statusOf(row))}${push.verified ? "  verified" : ""}`,
    ...facts.flatMap(([name, value]) =>
      value === undefined ? [] : [`  ${out.style("dim", name.padEnd(9))}${clean(value)}`],
    ),
    ...section(out, "Headers", headerLines(redactor.headers(content.headers))),
    ...section(out, "Body", bodyLines(redactor.push(description, content.body, content.headers))),
  ];
  const drift = description.drift.map(
    ({ path, kind, expected, got }) =>
      `${redactor.path(path)}: ${kind.replace("_", " ")}, ${expected} expected, ${got} came`,
  );
  lines.push(...section(out, "Drift", drift.map(clean)));
  const tries = [];
  for (const delivery of row.deliveries)
    tries.push(...(await deliveryLines(reader, delivery, description.payload, redactor, out)));
  lines.push(
    ...section(
      out,
      "Inbox",
      (await historyOf(reader, row)).map((mark) => markLine(mark, description.payload, redactor, out)),
    ),
  );
  lines.push(...section(out, "Deliveries", tries.length === 0 ? ["none"] : tries));
  return lines;
}

/** The marks of a push in its inbox; none for a push of a dev proxy. */
async function historyOf(reader: JournalReader, row: Row): Promise<MarkHead[]> {
  return row.push.source === "inbox" ? marksOf(reader.dir, row) : [];
}

function markLine({ at, state, attempt, error }: MarkHead, payload: unknown, redactor: Redactor, out: Screen): string {
  const words = [local(at), state, attempt === undefined ? "" : `attempt ${attempt}`];
  const cause = error === undefined ? "" : `  ${out.style("red", clean(redactor.error(error, payload)))}`;
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
  reader: JournalReader,
  delivery: DeliveryRow,
  payload: unknown,
  redactor: Redactor,
  out: Screen,
): Promise<string[]> {
  const { at, status, error, ms, cause, late, aside, target } = delivery.head;
  const response = await responseOf(reader, delivery);
  const code = response && errorCodeOf(response.body);
  const result =
    status === undefined
      ? `undelivered: ${clean(redactor.text(error ?? ""))}`
      : [status, code].filter(Boolean).join(" ");
  const style = succeeded(status) ? "green" : "red";
  const lines = [
    `${local(at)}  ${out.style(style, result)}  ${duration(ms)}  ${cause}${late ? ", late" : ""}${aside ? `, ${aside}` : ""}  ${out.style("dim", clean(redactor.url(target)))}`,
  ];
  const outcome = response && readOutcome(response.headers["airudder-outcome"]);
  if (outcome) lines.push(`    ${outcomeText(outcome)}`);
  if (outcome?.error) lines.push(`    ${out.style("red", clean(redactor.error(outcome.error, payload)))}`);
  if (response && response.body.length > 0) {
    lines.push(
      ...bodyLines(redactor.response(response.body, payload))
        .slice(0, 40)
        .map((line) => `    ${line}`),
    );
  }
  return lines;
}
