import { describePush, type PushDescription, SEARCH_KEYS } from "airudder-webhooks/inspect";
import type { Content, DeliveryHead, MarkHead, PushHead } from "airudder-webhooks/journal";
import { errorCodeOf, readOutcome } from "../http/index.js";
import { type DeliveryRow, type JournalReader, marksOf, type Row, statusOf, succeeded } from "../journal/index.js";
import { JsonText, type Redactor } from "../privacy/index.js";
import { explanationOf } from "./explanation.js";
import { duration, escapeControls, localTime, outcomeText, safeLine } from "./format.js";
import { deliveryJson, rowJson, statusStyle } from "./list.js";
import type { Screen } from "./screen.js";
import { type Column, type Table, tableOf } from "./table.js";

const INDENT = "  ";

/** Maximum number of lines of a response that `show` prints. */
const MAX_RESPONSE_LINES = 40;

/**
 * A push as `show --json` prints it.
 * @param key key of `Sign`. Default: the vendor's published key
 */
export async function detailJson(
  reader: JournalReader,
  row: Row,
  content: Content,
  redactor: Redactor,
  key?: string,
): Promise<object> {
  const description = descriptionOf(row, content, key);
  const marks = await inboxMarksOf(reader, row);
  const deliveries = await Promise.all(
    row.deliveries.map(async (delivery) => {
      const response = await responseOf(reader, delivery);
      const outcome = response && readOutcome(response.headers["airudder-outcome"]);
      return {
        ...deliveryJson(delivery.head, redactor),
        ...(outcome?.error && { error: redactor.error(outcome.error, description.payload) }),
        explanation: response ? explanationOf(errorCodeOf(response.body)) : undefined,
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
    signProblem: signProblemOf(row, description),
    drift: description.drift.map((drift) => ({ ...drift, path: redactor.path(drift.path) })),
    inbox: marks.length === 0 ? undefined : marks.map((mark) => markJson(mark, description.payload, redactor)),
    deliveries,
  };
}

function markJson({ at, state, attempt, error }: MarkHead, payload: unknown, redactor: Redactor): object {
  return {
    at,
    state: redactor.word(state),
    attempt,
    error: error === undefined ? undefined : redactor.error(error, payload),
  };
}

/** Describes a push, validated as the type in its record. */
function descriptionOf({ push }: Row, { headers, body }: Content, key: string | undefined): PushDescription {
  return describePush(body, headers, { type: push.type, ...(key === undefined ? {} : { key }) });
}

/** The likely cause if the `Sign` of a push is wrong. Unknown for a redacted push, whose `Sign` is not the original. */
function signProblemOf({ push }: Row, { signProblem }: PushDescription): string | undefined {
  return push.verified || push.redacted ? undefined : signProblem;
}

async function responseOf(reader: JournalReader, { head, location }: DeliveryRow): Promise<Content | null> {
  return head.status === undefined ? null : reader.content(location);
}

/**
 * A push as `show` prints it.
 * @param key key of `Sign`. Default: the vendor's published key
 */
export async function detailLines(
  reader: JournalReader,
  row: Row,
  content: Content,
  redactor: Redactor,
  out: Screen,
  key?: string,
): Promise<string[]> {
  const { push } = row;
  const description = descriptionOf(row, content, key);
  const signProblem = signProblemOf(row, description);
  const facts: [string, string | undefined][] = [
    ["id", redactor.pushId(push.id)],
    ["received", receivedText(push, redactor)],
    ["request", `${redactor.method(push.method)} ${redactor.url(push.url)}`],
    ...SEARCH_KEYS.map((key): [string, string | undefined] => [key, push[key] && redactor.id(push[key])]),
    ["body", `${push.size} bytes, sha256 ${push.sha256}`],
  ];
  const lines = [
    `${out.style("bold", `#${push.seq}`)}  ${safeLine(redactor.type(push.type))}  ${out.style(statusStyle(row), statusOf(row))}${push.verified ? "  verified" : ""}`,
    ...facts.flatMap(([name, value]) =>
      value === undefined ? [] : [`  ${out.style("dim", name.padEnd(9))}${safeLine(value)}`],
    ),
    ...(signProblem === undefined
      ? []
      : [`  ${out.style("red", `Sign does not match the key. ${safeLine(signProblem)}`)}`]),
    ...section(out, "Headers", headerLines(redactor.headers(content.headers), out)),
    ...section(out, "Body", bodyLines(redactor.push(description, content.body, content.headers))),
  ];
  const drift = description.drift.map(
    ({ path, kind, expected, got }) =>
      `${redactor.path(path)}: ${kind.replace("_", " ")}, expected ${expected}, received ${got}`,
  );
  lines.push(
    ...section(
      out,
      "Drift",
      drift.map((line) => out.style("yellow", safeLine(line))),
    ),
  );
  lines.push(
    ...section(
      out,
      "Inbox",
      (await inboxMarksOf(reader, row)).map((mark) => markLine(mark, description.payload, redactor, out)),
    ),
  );
  lines.push(...section(out, "Deliveries", await deliveryLines(reader, row, description.payload, redactor, out)));
  return lines;
}

/** The marks of a push in its inbox; none for a push of a dev proxy. */
async function inboxMarksOf(reader: JournalReader, row: Row): Promise<MarkHead[]> {
  return row.push.source === "inbox" ? marksOf(reader.dir, row) : [];
}

function markLine({ at, state, attempt, error }: MarkHead, payload: unknown, redactor: Redactor, out: Screen): string {
  const words = [localTime(at), safeLine(redactor.word(state)), attempt === undefined ? "" : `attempt ${attempt}`];
  const errorText = error === undefined ? "" : `  ${out.style("red", safeLine(redactor.error(error, payload)))}`;
  return `${words.filter((word) => word !== "").join("  ")}${errorText}`;
}

function receivedText({ at, source, imported, redacted }: PushHead, redactor: Redactor): string {
  const words = [localTime(at), redactor.word(source)];
  if (imported && source !== "import") words.push("imported");
  if (redacted) words.push("exported redacted: a replay sends placeholders");
  return words.join(", ");
}

function section(out: Screen, title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : ["", out.style("bold", title), ...lines.map((line) => `${INDENT}${line}`)];
}

function headerLines(headers: Content["headers"], out: Screen): string[] {
  return Object.entries(headers).map(
    ([name, value]) => `${out.style("dim", `${safeLine(name)}:`)} ${safeLine([value].flat().join(", "))}`,
  );
}

function bodyLines(body: unknown): string[] {
  if (body instanceof JsonText) return body.pretty().split("\n").map(escapeControls);
  return String(body).split("\n").map(safeLine);
}

/** A delivery, and the lines below it: what the app reported and responded. */
interface ShownDelivery {
  head: DeliveryHead;
  /** The status with the code of an error response, or `undelivered`. */
  result: string;
  details: string[];
}

async function deliveryLines(
  reader: JournalReader,
  row: Row,
  payload: unknown,
  redactor: Redactor,
  out: Screen,
): Promise<string[]> {
  if (row.deliveries.length === 0) return ["none"];
  const shown: ShownDelivery[] = [];
  for (const delivery of row.deliveries) shown.push(await shownDelivery(reader, delivery, payload, redactor, out));
  const table = deliveryTable(out, shown, redactor);
  return [table.header, ...shown.flatMap((one) => [table.line(one), ...one.details.map((line) => `    ${line}`)])];
}

function deliveryTable(out: Screen, deliveries: readonly ShownDelivery[], redactor: Redactor): Table<ShownDelivery> {
  const columns: Column<ShownDelivery>[] = [
    {
      title: "TIME",
      cell: ({ head }) => localTime(head.at),
      short: ({ head }) => localTime(head.at).slice(5),
      style: () => "dim",
      rank: 2,
    },
    { title: "RESULT", cell: ({ result }) => result, style: ({ head }) => (succeeded(head.status) ? "green" : "red") },
    { title: "TOOK", cell: ({ head }) => duration(head.ms), alignRight: true },
    { title: "CAUSE", cell: ({ head }) => safeLine(redactor.word(head.cause)) },
    {
      title: "NOTES",
      cell: ({ head }) =>
        safeLine([head.late ? "late" : "", head.aside ? redactor.word(head.aside) : ""].filter(Boolean).join(", ")),
      style: () => "yellow",
    },
    {
      title: "TARGET",
      cell: ({ head }) => safeLine(redactor.url(head.target)),
      style: () => "dim",
      minWidth: 10,
      rank: 1,
    },
  ];
  return tableOf(out, columns, deliveries, INDENT.length);
}

async function shownDelivery(
  reader: JournalReader,
  delivery: DeliveryRow,
  payload: unknown,
  redactor: Redactor,
  out: Screen,
): Promise<ShownDelivery> {
  const { head } = delivery;
  const response = await responseOf(reader, delivery);
  const code = response && errorCodeOf(response.body);
  const details: string[] = [];
  if (head.error !== undefined) details.push(out.style("red", safeLine(redactor.text(head.error))));
  const explanation = explanationOf(code ?? undefined);
  if (explanation !== undefined) details.push(out.style("red", explanation));
  const outcome = response && readOutcome(response.headers["airudder-outcome"]);
  if (outcome) details.push(outcomeText(outcome));
  if (outcome?.error) details.push(out.style("red", safeLine(redactor.error(outcome.error, payload))));
  if (response && response.body.length > 0)
    details.push(...bodyLines(redactor.response(response.body, payload)).slice(0, MAX_RESPONSE_LINES));
  const result = head.status === undefined ? "undelivered" : [head.status, code].filter(Boolean).join(" ");
  return { head, result, details };
}
