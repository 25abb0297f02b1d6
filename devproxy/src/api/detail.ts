import { describePush } from "airudder-webhooks/inspect";
import { readOutcome } from "../http/index.js";
import type { Row } from "../journal/index.js";
import { JsonText } from "../privacy/index.js";
import { curlLines, detailJson } from "../report/index.js";
import { callCard } from "./call-card.js";
import { ApiFailure } from "./failure.js";
import { schemaInfo } from "./field-info.js";
import { findPush } from "./find-push.js";
import { copiesOf } from "./listing.js";
import type { PushTable } from "./push-table.js";
import type { ApiRequest } from "./request.js";
import type { MismatchJson, PushDetail } from "./types.js";

/** `GET /pushes/ID` */
export async function pushDetail({ context, redactor, ids }: ApiRequest): Promise<PushDetail> {
  const { store, table } = context;
  const row = findPush(store.index, ids[0] as string);
  const content = await store.content(row.location);
  const json = (await detailJson(store, row, content, redactor, context.key)) as DetailJson;
  const { type, schema, quarantined } = describePush(content.body, content.headers, row.push);
  await table.update();
  const copy = copiesOf(table, [row]).get(row.push.seq);
  const text = textOf(json.body);
  const isJson = json.body instanceof JsonText;
  const card = type === "call.completed" && isJson ? callCard(JSON.parse(text)) : undefined;
  return {
    ...json,
    head: copy === undefined ? json.head : { ...json.head, copy },
    text,
    isJson,
    deliveries: json.deliveries.map((delivery) => {
      const { response } = delivery;
      const outcome = response ? readOutcome(response.headers["airudder-outcome"]) : undefined;
      return {
        ...delivery,
        response: response && { ...response, text: textOf(response.body) },
        ...(outcome === undefined ? {} : { outcome }),
      };
    }),
    schema: schemaInfo(schema),
    mismatches: json.drift,
    quarantined,
    ...(card === undefined ? {} : { card }),
    neighbours: neighboursOf(table, row),
  };
}

/** What `detailJson` returns. */
type DetailJson = Omit<PushDetail, "text" | "isJson"> & { drift: MismatchJson[] };

function textOf(body: unknown): string {
  return body instanceof JsonText ? body.text : String(body);
}

/** The numbers of the previous and the next push of the same subject. */
function neighboursOf(table: PushTable, { push }: Row): { previous: number | null; next: number | null } {
  const at = table.positionOf(push.seq);
  const subject = at === undefined ? 0 : table.subject.get(at);
  const found = { previous: null as number | null, next: null as number | null };
  if (at === undefined || subject === 0) return found;
  for (let i = at - 1; i >= 0 && found.previous === null; i--)
    if (table.subject.get(i) === subject) found.previous = table.seq(i);
  for (let i = at + 1; i < table.count && found.next === null; i++)
    if (table.subject.get(i) === subject) found.next = table.seq(i);
  return found;
}

/** `GET /pushes/ID/body`: the exact bytes. */
export async function pushBody({ context: { store }, ids, reveal, response }: ApiRequest): Promise<void> {
  if (!reveal)
    throw new ApiFailure(403, "reveal_required", "The bytes contain personal data. Add reveal=1 to read them.");
  const row = findPush(store.index, ids[0] as string);
  const { body } = await store.content(row.location);
  response.writeHead(200, {
    "content-type": "application/octet-stream",
    "content-length": body.length,
    "content-disposition": `attachment; filename="${row.push.seq}.body"`,
  });
  response.end(body);
}

/** `GET /pushes/ID/curl` */
export async function pushCurl({ context, redactor, ids, response }: ApiRequest): Promise<void> {
  const { store, target } = context;
  const row = findPush(store.index, ids[0] as string);
  const content = await store.content(row.location);
  const lines = curlLines(row, content, redactor, { target, journal: store.dir });
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end(`${lines.join("\n")}\n`);
}
