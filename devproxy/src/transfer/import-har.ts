import { createHash } from "node:crypto";
import type { Content, HeaderMap } from "airudder-webhooks/journal";
import { queryOf, removeInternalHeaders } from "../http/index.js";
import type { HarPush } from "./export-har.js";
import type { LeftOut } from "./left-out.js";
import type { SourceItem, SourcePush } from "./source-item.js";

type Fields = Readonly<Record<string, unknown>>;

/** The entries of a HAR file; `undefined` for another JSON document. */
export function harEntries(value: unknown): unknown[] | undefined {
  const { entries } = fieldsOf(fieldsOf(value).log);
  return Array.isArray(entries) ? entries : undefined;
}

/**
 * The pushes of a HAR file: its POST requests whose body is known byte for byte. Reports the other entries.
 * @param fallbackAt time of an entry without a valid time, ISO 8601
 */
export function* harItems(entries: readonly unknown[], fallbackAt: string, leftOut: LeftOut): Generator<SourceItem> {
  /** A push has one entry per delivery. The digest of its body, by its id. */
  const digests = new Map<string, string>();
  for (const [i, entry] of entries.entries()) {
    const place = `entry ${i + 1}`;
    const push = pushOf(fieldsOf(entry), place, fallbackAt);
    if (typeof push === "string") {
      leftOut.add(push, place);
      continue;
    }
    const { id } = push.head;
    if (id !== undefined) {
      const digest = createHash("sha256").update(push.content.body).digest("hex");
      if (digests.get(id) === digest) continue;
      digests.set(id, digest);
    }
    yield push;
  }
}

/** The push of an entry, or why it is left out. */
function pushOf(entry: Fields, place: string, fallbackAt: string): SourcePush | string {
  const request = fieldsOf(entry.request);
  const { method, url } = request;
  if (typeof method !== "string" || method.toUpperCase() !== "POST") return "the method is not POST";
  if (typeof url !== "string") return "the entry has no URL";
  const body = bodyOf(request);
  if (typeof body === "string") return body;
  const { headers, isDecompressed } = headersOf(request, fieldsOf(request.postData));
  const own = fieldsOf(entry._airudder) as Partial<HarPush>;
  const at = timeOf(own.at) ?? timeOf(entry.startedDateTime) ?? fallbackAt;
  const content: Content = { headers: isDecompressed ? withoutEncoding(headers) : headers, body };
  return {
    kind: "push",
    place,
    head: {
      at,
      method: "POST",
      url: typeof own.url === "string" && own.url.startsWith("/") ? own.url : `/${withoutToken(queryOf(url))}`,
      ...(typeof own.id === "string" ? { id: own.id } : {}),
      ...(typeof own.type === "string" ? { type: own.type } : {}),
      ...(typeof own.source === "string" ? { source: own.source } : {}),
      ...(own.redacted === true ? { redacted: true } : {}),
    },
    content,
  };
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** The exact bytes of a request's body, or why they are unknown. */
function bodyOf({ postData, bodySize }: Fields): Buffer | string {
  const { text, encoding } = fieldsOf(postData);
  if (typeof text !== "string") return "the request has no body";
  if (encoding === "base64") {
    const bytes = Buffer.from(text, "base64");
    const isComplete =
      BASE64.test(text) && bytes.toString("base64") === text.padEnd(Math.ceil(text.length / 4) * 4, "=");
    return isComplete ? bytes : "the body is not valid base64";
  }
  if (encoding !== undefined) return "the encoding of the body is unknown";
  const bytes = Buffer.from(text);
  if (bytes.toString() !== text) return "the body is not valid Unicode";
  // Programs write U+FFFD in place of bytes that are not UTF-8.
  const isLossy = text.includes("\ufffd") && typeof bodySize === "number" && bodySize >= 0 && bodySize !== bytes.length;
  return isLossy ? "the body contains bytes that the file does not" : bytes;
}

/** The headers of a request, without those of HTTP/2 and those between the dev proxy and the middleware. */
function headersOf({ headers }: Fields, { encoding }: Fields): { headers: HeaderMap; isDecompressed: boolean } {
  const values = new Map<string, string[]>();
  for (const header of Array.isArray(headers) ? headers : []) {
    const { name, value } = fieldsOf(header);
    if (typeof name !== "string" || typeof value !== "string" || name === "" || name.startsWith(":")) continue;
    const key = name.toLowerCase();
    values.set(key, [...(values.get(key) ?? []), value]);
  }
  values.delete("airudder-token");
  const map: HeaderMap = Object.fromEntries(
    [...values].map(([name, all]) => [name, all.length === 1 ? (all[0] as string) : all]),
  );
  removeInternalHeaders(map);
  const coding = String(map["content-encoding"] ?? "identity").toLowerCase();
  return { headers: map, isDecompressed: encoding === undefined && coding !== "identity" };
}

/** A program that writes a compressed body as text has decompressed it. */
function withoutEncoding({ "content-encoding": _, ...headers }: HeaderMap): HeaderMap {
  return headers;
}

function withoutToken(query: string): string {
  const pairs = query.slice(1).split("&");
  const kept = pairs.filter((pair) => pair !== "" && !new URLSearchParams(pair).has("token"));
  return kept.length === 0 ? "" : `?${kept.join("&")}`;
}

/** A time as records contain it; `undefined` if it is not a time. */
function timeOf(value: unknown): string | undefined {
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}
