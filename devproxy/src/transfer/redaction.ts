import { createHash } from "node:crypto";
import { describePush, type PushDescription, SEARCH_KEYS } from "airudder-webhooks/inspect";
import type { Content, DeliveryHead, HeaderMap, MarkHead, PushHead } from "airudder-webhooks/journal";
import { JsonText, type Redactor } from "../privacy/index.js";
import type { RecordedDelivery } from "./exchanges.js";

/** A push as it is exported: with placeholders in place of personal data, unless `--reveal` is given. */
export interface ExportedPush {
  readonly head: PushHead;
  readonly content: Content;
  /** The payload as recorded. It determines what is redacted in responses and errors. */
  readonly payload: unknown;
}

/** Redacts a push. */
export function exportedPush(head: PushHead, content: Content, redactor: Redactor): ExportedPush {
  const description = describe(head, content);
  const { payload } = description;
  if (redactor.isOff) return { head, content, payload };
  const body = redactedBody(description, content, redactor);
  const headers = redactor.headers(headersFor(content.headers, body));
  return { head: redactedHead(head, body, redactor), content: { headers, body }, payload };
}

/** The body of a push, redacted. It is not compressed. */
export function redactedBody(description: PushDescription, { body, headers }: Content, redactor: Redactor): Buffer {
  return redactor.isOff ? body : bytesOf(redactor.push(description, body, headers, ""));
}

/** Describes a push, validated as the type in its record. */
export function describe({ type }: PushHead, { headers, body }: Content): PushDescription {
  return describePush(body, headers, { type });
}

/** The headers that fit a redacted body. It is not compressed, and it has another length. */
export function headersFor({ "content-encoding": _, ...headers }: HeaderMap, body: Buffer): HeaderMap {
  return headers["content-length"] === undefined ? headers : { ...headers, "content-length": String(body.length) };
}

/** Only known fields, because an unknown one may contain personal data. */
function redactedHead(head: PushHead, body: Buffer, redactor: Redactor): PushHead {
  const { drift, quarantined, reserialised, replay, imported, subject } = head;
  return {
    kind: "push",
    id: redactor.pushId(head.id),
    seq: head.seq,
    at: redactor.text(head.at),
    method: redactor.method(head.method),
    url: redactor.url(head.url),
    source: redactor.word(head.source),
    size: body.length,
    sha256: createHash("sha256").update(body).digest("hex"),
    type: redactor.type(head.type),
    verified: head.verified,
    ...(subject === undefined ? {} : { subject: redactor.subject(subject) }),
    ...Object.fromEntries(
      SEARCH_KEYS.flatMap((key) => (head[key] === undefined ? [] : [[key, redactor.id(head[key])]])),
    ),
    ...(drift === undefined ? {} : { drift }),
    ...(quarantined === undefined ? {} : { quarantined }),
    ...(reserialised === undefined ? {} : { reserialised }),
    ...(replay === undefined ? {} : { replay: redactor.pushId(replay) }),
    ...(imported === undefined ? {} : { imported }),
    redacted: true,
  };
}

/** Redacts a delivery and the app's response. */
export function exportedDelivery(
  { head, content }: RecordedDelivery,
  { payload }: ExportedPush,
  redactor: Redactor,
): RecordedDelivery {
  if (redactor.isOff) return content === undefined ? { head } : { head, content };
  const redacted = redactedDeliveryHead(head, redactor);
  if (content === undefined) return { head: redacted };
  const body = bytesOf(redactor.response(content.body, payload));
  return { head: redacted, content: { headers: redactor.headers(headersFor(content.headers, body)), body } };
}

function redactedDeliveryHead(head: DeliveryHead, redactor: Redactor): DeliveryHead {
  const { status, result, error, late, aside } = head;
  return {
    kind: "delivery",
    push: redactor.pushId(head.push),
    at: redactor.text(head.at),
    target: redactor.url(head.target),
    ...(status === undefined ? {} : { status }),
    ...(result === undefined ? {} : { result: redactor.word(result) }),
    ...(error === undefined ? {} : { error: redactor.text(error) }),
    ms: head.ms,
    cause: redactor.word(head.cause),
    ...(late === undefined ? {} : { late }),
    ...(aside === undefined ? {} : { aside: redactor.word(aside) }),
  };
}

/** Redacts a mark. */
export function exportedMark(mark: MarkHead, { payload }: ExportedPush, redactor: Redactor): MarkHead {
  if (redactor.isOff) return mark;
  const { attempt, error } = mark;
  return {
    kind: "mark",
    push: redactor.pushId(mark.push),
    at: redactor.text(mark.at),
    state: redactor.word(mark.state),
    ...(attempt === undefined ? {} : { attempt }),
    ...(error === undefined ? {} : { error: redactor.error(error, payload) }),
  };
}

function bytesOf(value: unknown): Buffer {
  return Buffer.from(value instanceof JsonText ? value.compact() : String(value));
}
