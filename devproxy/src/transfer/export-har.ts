import { isUtf8 } from "node:buffer";
import { STATUS_CODES } from "node:http";
import type { Content, HeaderMap, PushHead } from "airudder-webhooks/journal";
import { pathWithQuery, queryOf } from "../http/index.js";
import { type Status, statusOf } from "../journal/index.js";
import { escapeControls } from "../report/index.js";
import type { Exchange, RecordedDelivery } from "./exchanges.js";
import type { ExportContext } from "./export.js";
import { type ExportedPush, exportedDelivery, exportedPush } from "./redaction.js";

/** The HAR value for an unknown size. */
const UNKNOWN = -1;

/** The custom field of an entry: what the dev proxy knows about the push. */
export interface HarPush {
  id: string;
  seq: number;
  type: string;
  /** The status of the push, as in `list`. */
  status: Status;
  /** The result that the app's receiver reported in this response. */
  result?: string;
  verified: boolean;
  /** When the push was received. An entry for a later delivery starts later. */
  at: string;
  url: string;
  source: string;
  /** Why the push was sent to the app. Absent without a delivery. */
  cause?: string;
  redacted?: true;
}

/**
 * Exports pushes as a HAR 1.2 file: one entry per delivery, or per push without a delivery. An entry without a response has the status 0 and
 * the field `_error`, as in browsers.
 */
export async function* exportHar(
  exchanges: AsyncIterable<Exchange>,
  { redactor, target, version }: ExportContext,
): AsyncGenerator<string> {
  const creator = JSON.stringify({ name: "airudder-devproxy", version });
  yield `{"log":{"version":"1.2","creator":${creator},"pages":[],"entries":[`;
  const app = new URL(redactor.url(target.href));
  const baseUrl = (delivery?: RecordedDelivery) =>
    URL.canParse(delivery?.head.target ?? "") ? new URL(delivery?.head.target as string) : app;
  let separator = "\n";
  for await (const { row, content, deliveries } of exchanges) {
    const push = exportedPush(row.push, content, redactor);
    const status = statusOf(row);
    const all = deliveries.map((delivery) => exportedDelivery(delivery, push, redactor));
    for (const delivery of all.length === 0 ? [undefined] : all) {
      yield `${separator}${escapeControls(JSON.stringify(entryOf(push, status, delivery, baseUrl(delivery))))}`;
      separator = ",\n";
    }
  }
  yield "\n]}}\n";
}

function entryOf(push: ExportedPush, status: Status, delivery: RecordedDelivery | undefined, base: URL): object {
  const ms = delivery?.head.ms ?? 0;
  return {
    startedDateTime: delivery?.head.at ?? push.head.at,
    time: ms,
    request: requestOf(push, new URL(pathWithQuery(base, queryOf(push.head.url)), base)),
    response: responseOf(delivery),
    cache: {},
    timings: { send: 0, wait: ms, receive: 0 },
    ...(delivery?.head.error === undefined ? {} : { _error: delivery.head.error }),
    _airudder: customFields(push.head, status, delivery),
  };
}

function customFields(head: PushHead, status: Status, delivery: RecordedDelivery | undefined): HarPush {
  const { id, seq, type, verified, at, url, source } = head;
  const { result, cause } = delivery?.head ?? {};
  return {
    id,
    seq,
    type,
    status,
    ...(result === undefined ? {} : { result }),
    verified,
    at,
    url,
    source,
    ...(cause === undefined ? {} : { cause }),
    ...(head.redacted ? { redacted: true } : {}),
  };
}

function requestOf({ head, content }: ExportedPush, url: URL): object {
  const { headers, body } = content;
  return {
    method: head.method,
    url: uriOf(url),
    httpVersion: "HTTP/1.1",
    cookies: [],
    headers: harHeaders(headers),
    queryString: [...url.searchParams].map(([name, value]) => ({ name, value })),
    postData: { mimeType: mimeTypeOf(headers), ...harText(body) },
    headersSize: UNKNOWN,
    bodySize: body.length,
  };
}

/** A URL as HAR allows it: characters that a URI must not contain are percent-encoded in the query, too. */
function uriOf({ origin, pathname, search }: URL): string {
  return `${origin}${pathname}${search.replace(/[[\]{}|\\^`]/g, encodeURIComponent)}`;
}

function responseOf(delivery: RecordedDelivery | undefined): object {
  const status = delivery?.head.status ?? 0;
  const { headers, body } = delivery?.content ?? NO_CONTENT;
  return {
    status,
    statusText: STATUS_CODES[status] ?? "",
    httpVersion: "HTTP/1.1",
    cookies: [],
    headers: harHeaders(headers),
    content: { size: body.length, mimeType: mimeTypeOf(headers), ...harText(body) },
    redirectURL: "",
    headersSize: UNKNOWN,
    bodySize: delivery?.content === undefined ? UNKNOWN : body.length,
  };
}

const NO_CONTENT: Content = { headers: {}, body: Buffer.alloc(0) };

/** The fields `text` and, for bytes that are not text, `encoding` (for a request: as the proposal of HAR 1.3 defines it). */
function harText(body: Buffer): { text: string; encoding?: "base64" } {
  return isUtf8(body) ? { text: body.toString() } : { text: body.toString("base64"), encoding: "base64" };
}

function harHeaders(headers: HeaderMap): { name: string; value: string }[] {
  return Object.entries(headers).flatMap(([name, value]) => [value].flat().map((one) => ({ name, value: one })));
}

function mimeTypeOf(headers: HeaderMap): string {
  return String([headers["content-type"] ?? ""].flat()[0] ?? "");
}
