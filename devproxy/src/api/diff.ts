import { describePush } from "airudder-webhooks/inspect";
import type { Content, HeaderMap } from "airudder-webhooks/journal";
import type { DeliveryRow, Row } from "../journal/index.js";
import { JsonText } from "../privacy/index.js";
import { compareBodies } from "../replay/index.js";
import { ApiFailure, usage } from "./failure.js";
import { findPush } from "./find-push.js";
import type { ApiRequest } from "./request.js";
import type { Difference, DiffResponse, DiffSide } from "./types.js";

/** Response headers whose differences are not significant. */
const INCIDENTAL =
  /^(date|connection|keep-alive|content-length|transfer-encoding|etag|x-request-id|x-response-time|airudder-outcome)$/;

/** A side of a comparison. */
interface Side {
  row: Row;
  content: Content;
  delivery?: { row: DeliveryRow; number: number; response: Content | undefined };
}

/** `GET /diff`. Compares redacted texts: equal values have equal placeholders, so the differences stay the same. */
export async function diff(request: ApiRequest): Promise<DiffResponse> {
  const left = await sideOf(request, request.required("left"));
  const right = await sideOf(request, request.required("right"));
  const response = { left: sideJson(request, left), right: sideJson(request, right) };
  if (left.delivery === undefined && right.delivery === undefined)
    return { ...response, differences: bodyDifferences(pushBytes(request, left), pushBytes(request, right)) };
  if (left.delivery === undefined || right.delivery === undefined)
    throw usage("Compare two pushes (left=12&right=13), or two deliveries (left=12.1&right=12.2).");
  const [before, after] = [left.delivery.row.head, right.delivery.row.head];
  return {
    ...response,
    ...(before.status === after.status ? {} : { status: [before.status ?? null, after.status ?? null] }),
    ...(before.result === after.result ? {} : { result: [before.result ?? null, after.result ?? null] }),
    differences: [
      ...headerDifferences(headersOf(request, left), headersOf(request, right)),
      ...bodyDifferences(responseBytes(request, left), responseBytes(request, right)),
    ],
  };
}

/** @param text the id of a push, and the number of a delivery: `12` or `12.2` */
async function sideOf({ context: { store } }: ApiRequest, text: string): Promise<Side> {
  const [, id = "", number] = /^(.*?)(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  const row = findPush(store.index, id);
  const content = await store.content(row.location);
  if (number === undefined) return { row, content };
  const delivery = row.deliveries[Number(number) - 1];
  if (delivery === undefined)
    throw new ApiFailure(
      404,
      "not_found",
      `Push #${row.push.seq} has ${row.deliveries.length} deliveries, not ${number}.`,
    );
  const response = delivery.head.status === undefined ? undefined : await store.content(delivery.location);
  return { row, content, delivery: { row: delivery, number: Number(number), response } };
}

function sideJson({ redactor }: ApiRequest, { row: { push }, delivery }: Side): DiffSide {
  const side = { seq: push.seq, type: redactor.type(push.type) };
  return delivery === undefined
    ? { ...side, at: push.at }
    : { ...side, delivery: delivery.number, at: delivery.row.head.at };
}

function pushBytes({ redactor }: ApiRequest, { row: { push }, content: { body, headers } }: Side): Buffer {
  return bytesOf(redactor.push(describePush(body, headers, push), body, headers));
}

function responseBytes({ redactor }: ApiRequest, { row: { push }, content, delivery }: Side): Buffer {
  const { payload } = describePush(content.body, content.headers, push);
  return bytesOf(redactor.response(delivery?.response?.body ?? Buffer.alloc(0), payload));
}

function headersOf({ redactor }: ApiRequest, { delivery }: Side): HeaderMap {
  return redactor.headers(delivery?.response?.headers ?? {});
}

function bytesOf(body: unknown): Buffer {
  return Buffer.from(body instanceof JsonText ? body.text : String(body));
}

function bodyDifferences(left: Buffer, right: Buffer): Difference[] {
  return compareBodies(left, right).map(({ path, before, after }) => difference(path, before, after));
}

function headerDifferences(left: HeaderMap, right: HeaderMap): Difference[] {
  return [...new Set([...Object.keys(left), ...Object.keys(right)])]
    .filter((name) => !INCIDENTAL.test(name) && String(left[name]) !== String(right[name]))
    .map((name) => difference(`header:${name}`, left[name], right[name]));
}

function difference(path: string, left: unknown, right: unknown): Difference {
  return { path, ...(left === undefined ? {} : { left }), ...(right === undefined ? {} : { right }) };
}
