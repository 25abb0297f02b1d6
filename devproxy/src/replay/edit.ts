import { DEFAULT_KEY, sign } from "airudder-webhooks";
import type { Content } from "airudder-webhooks/journal";
import { usageError } from "../errors.js";
import type { Row } from "../journal/index.js";
import { jsonTokens } from "../privacy/index.js";
import type { Edit } from "./parse-edit.js";

/** Edits to a body before it is sent again. */
export interface Edits {
  set: readonly Edit[];
  /** If a push has a `Sign`, replaces it with one made with this key. */
  key: string | undefined;
  /** Without `key`, this key signs the pushes whose `TaskID` an edit sets. Default: the vendor's published key. */
  agreedKey?: string | undefined;
  /** Replaces the whole body, before `set` is applied. */
  body?: Buffer | undefined;
  /** Makes a new `Sign` if the payload has one, also without `key`. */
  sign?: boolean | undefined;
}

/** Whether there are any edits. */
export function hasEdits({ set, key, body }: Edits): boolean {
  return set.length > 0 || key !== undefined || body !== undefined;
}

/** Whether an edit sets this top-level field of the payload. */
export function setsField({ set }: Edits, name: string): boolean {
  return set.some(({ steps }) => steps.length === 1 && steps[0] === name);
}

/** Whether a payload has a `Sign` and the `TaskID` that it signs. */
export function isSigned(payload: object): payload is { TaskID: string; Sign: string } {
  const { TaskID, Sign } = payload as { TaskID?: unknown; Sign?: unknown };
  return typeof TaskID === "string" && typeof Sign === "string";
}

/** The edited push, see {@link editContent}. @throws DevproxyError `usage` */
export function editPush({ push }: Row, content: Content, edits: Edits): Content {
  return editContent(`#${push.seq}`, content, edits);
}

/**
 * The edited headers and body. The body stays valid JSON. Bytes outside the edited values do not change.
 * @param name name of the push, for messages
 * @throws DevproxyError `usage`, if the body cannot be edited, or a path has no parent object
 */
export function editContent(name: string, { headers, body }: Content, edits: Edits): Content {
  if (!hasEdits(edits)) return { headers, body };
  if (edits.body !== undefined) return editNewBody(name, { headers, body: edits.body }, edits);
  const encoding = String(headers["content-encoding"] ?? "");
  if (encoding !== "" && encoding !== "identity") {
    throw usageError(`The body of ${name} is compressed (${encoding}); --set and --key cannot change it.`);
  }
  if (payloadOf(body) === undefined)
    throw usageError(`The body of ${name} is not a JSON object; --set and --key cannot change it.`);
  // One character per byte preserves bytes that are not valid UTF-8.
  let text = body.toString("latin1");
  for (const edit of edits.set) text = setValue(text, edit, name);
  return { headers, body: Buffer.from(signAgain(text, edits), "latin1") };
}

/** Edits a body that replaces the recorded one. It is not compressed, and it may be any text if nothing in it is changed. */
function editNewBody(name: string, { headers, body }: Content, { body: _, ...edits }: Edits): Content {
  const { "content-encoding": __, ...kept } = headers;
  const isSignedAgain = edits.sign && isSigned(payloadOf(body) ?? {});
  if (!isSignedAgain && !hasEdits(edits)) return { headers: kept, body };
  return editContent(
    name,
    { headers: kept, body },
    isSignedAgain ? { ...edits, key: edits.key ?? edits.agreedKey ?? DEFAULT_KEY } : edits,
  );
}

function payloadOf(body: Buffer): object | undefined {
  try {
    const value = JSON.parse(body.toString("utf8").replace(/^\ufeff/, ""));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function signAgain(text: string, edits: Edits): string {
  const { key, agreedKey } = edits;
  if (setsField(edits, "Sign") || (key === undefined && !setsField(edits, "TaskID"))) return text;
  const payload = payloadOf(Buffer.from(text, "latin1")) ?? {};
  if (!isSigned(payload)) return text;
  const value = sign(payload.TaskID, key ?? agreedKey);
  return setValue(text, { path: "Sign", steps: ["Sign"], value, isJson: false }, "");
}

/** Replaces a value, or adds a missing field at the end of its object. `text` has one character per byte. */
function setValue(text: string, edit: Edit, name: string): string {
  const { path, steps, value, isJson } = edit;
  const span = findValue(text, steps);
  if (span !== undefined) {
    const old = text.slice(span.start, span.end);
    return text.slice(0, span.start) + toLatin1(jsonOf(edit, old)) + text.slice(span.end);
  }
  const object = findValue(text, steps.slice(0, -1));
  if (object === undefined || text[object.start] !== "{") {
    throw usageError(`--set: there is no ${path} in ${name}, and no object that it could be added to.`);
  }
  const members = text.slice(0, object.end - 1).trimEnd();
  const comma = members.length === object.start + 1 ? "" : ",";
  const field = toLatin1(`${JSON.stringify(steps.at(-1))}:${isJson ? value : JSON.stringify(value)}`);
  return members + comma + field + text.slice(members.length);
}

/** The UTF-8 bytes of a text, one character per byte. */
function toLatin1(text: string): string {
  return Buffer.from(text).toString("latin1");
}

/** The JSON text of a new value: a string if the old value is one, or if the new one is not a JSON number, boolean or null, such as `0812`. */
function jsonOf({ value, isJson }: Edit, old: string): string {
  if (isJson) return value;
  const isLiteral = /^(-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?|true|false|null)$/.test(value);
  return old.startsWith('"') || !isLiteral ? JSON.stringify(value) : value;
}

/** The position of a value in a text. `end` is exclusive. */
interface Span {
  start: number;
  end: number;
}

/** Finds a value in the text of a JSON object. */
function findValue(text: string, steps: readonly string[]): Span | undefined {
  let span: Span | undefined = { start: text.indexOf("{"), end: text.lastIndexOf("}") + 1 };
  for (const step of steps) span = span && findChild(text, span.start, step);
  return span;
}

/** Finds a member of the object or array that starts at `start`. Of members with the same name, the last one counts, as for `JSON.parse`. */
function findChild(text: string, start: number, step: string): Span | undefined {
  const isObject = text[start] === "{";
  if (!isObject && text[start] !== "[") return undefined;
  let found: Span | undefined;
  let depth = 0;
  let index = 0;
  let name: string | undefined;
  let valueStart = start;
  for (const token of jsonTokens(text, start)) {
    const isOpening = token.text === "{" || token.text === "[";
    const isClosing = token.text === "}" || token.text === "]";
    if (isClosing && --depth === 0) break;
    if (depth === 1) {
      if (token.text === ",") {
        index++;
        name = undefined;
      } else if (isObject && name === undefined) name = JSON.parse(Buffer.from(token.text, "latin1").toString("utf8"));
      else if (token.text !== ":") {
        if (!isClosing) valueStart = token.start;
        if (!isOpening && (isObject ? name : String(index)) === step) found = { start: valueStart, end: token.end };
      }
    }
    if (isOpening) depth++;
  }
  return found;
}
