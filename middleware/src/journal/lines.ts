import { isUtf8 } from "node:buffer";
import { hash } from "node:crypto";
import { LineBuffer } from "./line-buffer.js";
import type { Content, Head, JournalRecord, PushHead } from "./records.js";

const PUSH_CONTENT = Buffer.from(',"headers":{');
const DELIVERY_CONTENT = Buffer.from(',"response":{');
const PUSH_START = Buffer.from('{"kind":"push"');
const DELIVERY_START = Buffer.from('{"kind":"delivery"');
const CLOSING_BRACE = 0x7d;

/** Version of the format. A journal of a higher version is rejected. */
export const VERSION = 1;

/** First line of every segment. */
export interface SegmentHead {
  kind: "segment";
  version: number;
  /** The `seq` of the next push, so that the numbering continues after all older segments were dropped. */
  seq: number;
  /**
   * Present if this segment's writer took the journal over from an owner that may still run: the end of the journal at that moment. What
   * the previous owner appends after this end is not acknowledged and not part of the journal.
   */
  after?: JournalEnd;
}

/** Where a journal ended at some moment. */
export interface JournalEnd {
  /** Its newest segment. */
  segment: number;
  /** Number of bytes of this segment that belong to the journal. */
  bytes: number;
}

function addContent(lines: LineBuffer, { headers, body }: Content): void {
  const isText = isUtf8(body);
  lines.add(`"headers":${JSON.stringify(headers)},"encoding":"${isText ? "utf8" : "base64"}","body":`);
  if (isText) lines.addQuoted(body);
  else lines.add(`"${body.toString("base64")}"`);
}

/** Adds a record as its line, with the line feed. */
export function addLine(lines: LineBuffer, head: Head, content?: Content): void {
  const text = JSON.stringify(head);
  if (content === undefined) {
    lines.add(`${text}\n`);
    return;
  }
  const isPush = head.kind === "push";
  lines.add(`${text.slice(0, -1)},${isPush ? "" : '"response":{'}`);
  addContent(lines, content);
  lines.add(isPush ? "}\n" : "}}\n");
}

/**
 * Formats a record as a line of a journal, without its line feed. The inverse of `parseLine`. For a tool that writes records to a file of its
 * own; to append to a journal, use `openJournal`.
 * @example formatLine({ head: { kind: "mark", push: "p1", at: "2026-01-31T08:00:00.000Z", state: "handled" } })
 */
export function formatLine({ head, content }: JournalRecord): string {
  const lines = new LineBuffer();
  addLine(lines, head, content);
  return lines.bytes.toString("utf8", 0, lines.length - 1);
}

function startsWith(bytes: Buffer, start: number, word: Buffer): boolean {
  return bytes.compare(word, 0, word.length, start, start + word.length) === 0;
}

/**
 * Parses the head of the line from `start` to `end` of `bytes`. Decodes only the head, so that a large journal opens fast.
 * @returns `undefined` for a record of a kind that only a newer version knows
 * @throws SyntaxError if it is not a complete record
 */
export function parseHead(bytes: Buffer, start: number, end: number): Head | SegmentHead | undefined {
  if (bytes[end - 1] !== CLOSING_BRACE) throw new SyntaxError("the line does not end with a brace");
  const marker = startsWith(bytes, start, PUSH_START)
    ? PUSH_CONTENT
    : startsWith(bytes, start, DELIVERY_START)
      ? DELIVERY_CONTENT
      : undefined;
  const found = marker === undefined ? -1 : bytes.indexOf(marker, start);
  const text =
    found >= 0 && found < end ? `${bytes.toString("utf8", start, found)}}` : bytes.toString("utf8", start, end);
  return checkHead(parseJson(text));
}

/** Replaces the message of `JSON.parse`, because it quotes the text, which may be personal data. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SyntaxError("the line is not JSON");
  }
}

const KINDS = new Set(["segment", "push", "delivery", "mark"]);

function checkHead(value: unknown): Head | SegmentHead | undefined {
  const head = value as Partial<Record<"kind" | "id" | "push" | "seq" | "version", unknown>> | null;
  if (typeof head?.kind === "string" && !KINDS.has(head.kind)) return undefined;
  const isComplete =
    (head?.kind === "push" && typeof head.id === "string" && Number.isSafeInteger(head.seq)) ||
    ((head?.kind === "delivery" || head?.kind === "mark") && typeof head.push === "string") ||
    (head?.kind === "segment" && Number.isSafeInteger(head.version));
  if (!isComplete) throw new SyntaxError("the line is not a record of a journal");
  return head as Head | SegmentHead;
}

/** Headers and body as JSON: the body as text if it is valid UTF-8, else base64. */
export interface ContentJson {
  readonly headers: Content["headers"];
  readonly encoding: "utf8" | "base64";
  readonly body: string;
}

/** Headers and body as JSON values. The inverse of `contentOf`. */
export function contentJson({ headers, body }: Content): ContentJson {
  const encoding = isUtf8(body) ? "utf8" : "base64";
  return { headers, encoding, body: body.toString(encoding) };
}

/** Headers and body, with the exact bytes. */
export function contentOf({ headers, encoding, body }: ContentJson): Content {
  return { headers, body: Buffer.from(body, encoding) };
}

/** A parsed line of a segment. */
export interface ParsedLine {
  /** `kind` says what the line is. The first line of every segment has the kind `segment`. */
  head: Head | SegmentHead;
  /** Headers and body of a push, or of the response to a delivery. Absent for all other lines. */
  content?: Content;
}

/**
 * Parses one line of a segment, without its line feed. For a tool that reads the lines itself, for example from a part of a segment.
 * Otherwise use `readJournal` or `readRecord`. Does not check that a push's body matches its digest.
 * @returns `undefined` for a record of a kind that only a newer version knows
 * @throws SyntaxError if the line is not a complete line of a journal
 * @example parseLine('{"kind":"mark","push":"p1","at":"2026-01-31T08:00:00.000Z","state":"handled"}')?.head.kind // "mark"
 */
export function parseLine(line: string): ParsedLine | undefined {
  const { headers, encoding, body, response, ...rest } = (parseJson(line) ?? {}) as Partial<ContentJson> & {
    response?: Partial<ContentJson>;
  };
  const head = checkHead(rest);
  if (head === undefined) return undefined;
  const stored = response ?? { headers, encoding, body };
  if (stored.headers === undefined || stored.encoding === undefined || typeof stored.body !== "string") return { head };
  return { head, content: contentOf(stored as ContentJson) };
}

/**
 * Parses the line of a record, and checks its body.
 * @throws SyntaxError if it is not a complete record, or if its body does not match its digest
 */
export function parseRecord(line: string): JournalRecord {
  const parsed = parseLine(line);
  if (parsed === undefined || parsed.head.kind === "segment") {
    throw new SyntaxError("the line is not the record that was stored");
  }
  const { head, content } = parsed;
  if (content === undefined) return { head };
  if (head.kind === "push" && !matchesDigest(content.body, head)) {
    throw new SyntaxError("the body does not match its digest");
  }
  return { head, content };
}

/** Whether a body matches the digest in the head; `true` if the head has none. */
function matchesDigest(bytes: Buffer, { sha256 }: PushHead): boolean {
  return sha256?.length !== 64 || hash("sha256", bytes) === sha256;
}
