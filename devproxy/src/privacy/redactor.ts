import { isUtf8 } from "node:buffer";
import { parsePush } from "airudder-webhooks";
import { describePush, isTypeName, type PushDescription } from "airudder-webhooks/inspect";
import type { Content, HeaderMap } from "airudder-webhooks/journal";
import { mayBeTruncated, type Outcome, readOutcome, withoutPartialCharacter } from "../http/index.js";
import { ArtificialValues } from "./artificial-values.js";
import { redactError } from "./error-text.js";
import { isHarmlessHeader, isSecretHeader } from "./header.js";
import { isValidJson, JsonText } from "./json-text.js";
import { guessKind, isFieldName } from "./personal-data.js";
import { Placeholders } from "./placeholders.js";
import { responseContext, type SchemaContext, schemaContextOf } from "./schema-context.js";
import { secretOf } from "./secret.js";
import { isRecordWord } from "./words.js";

const SECRET_PARAMETERS = /^(token|key|secret|password|signature|sign|access_token|api_key)$/i;
const HIDDEN = "<hidden>";

/**
 * Redacts recorded data before it is printed: placeholders replace all values that are not known to be harmless. `--reveal` turns it off.
 */
export class Redactor {
  readonly #placeholders: Placeholders;
  readonly #artificialValues: ArtificialValues;
  #hiddenCount = 0;

  /**
   * @param secret determines the placeholders
   * @param isOff whether everything is printed unchanged (`--reveal`)
   */
  constructor(
    secret: string,
    readonly isOff: boolean,
  ) {
    this.#placeholders = new Placeholders(secret);
    this.#artificialValues = new ArtificialValues(secret);
  }

  /** Number of values that were replaced so far. */
  get count(): number {
    return this.#placeholders.count + this.#artificialValues.count + this.#hiddenCount;
  }

  /** The redactor of a journal. Equal values get equal placeholders in every command. */
  static async of(dir: string, isOff: boolean): Promise<Redactor> {
    const secret = isOff ? undefined : await secretOf(dir);
    return new Redactor(secret ?? "", isOff);
  }

  /**
   * The body of a push: `JsonText` if it is JSON. Placeholders replace all values, except those that the schema marks as harmless.
   * @param headers of the push; required if its body is compressed
   * @param hint how to get the bytes of a body that is not JSON
   */
  push(
    { schema, payload }: PushDescription,
    body: Buffer,
    headers: HeaderMap = {},
    hint = " --raw writes them",
  ): unknown {
    if (payload === undefined) return this.#body(body, undefined, { hint });
    return this.#json(jsonOf(body, headers), schemaContextOf(schema));
  }

  /**
   * The JSON text of a payload, with artificial values of the same kind in place of personal ones, so that it stays valid.
   * @param text the payload as JSON
   */
  artificialPayload({ schema }: PushDescription, text: string): string {
    return this.isOff ? text : this.#artificialValues.json(text, schemaContextOf(schema));
  }

  /**
   * The body of an app's response: `JsonText` if it is JSON. Class, code and message of an error are printed as `error` returns them.
   * @param payload the payload of the push that the app responded to
   */
  response(body: Buffer, payload?: unknown): unknown {
    const context = responseContext((text) => this.error(text, payload));
    if (!mayBeTruncated(body)) return this.#body(body, context);
    return this.#body(withoutPartialCharacter(body), context, { what: `the first ${body.length} bytes, which are` });
  }

  /** A part of an app's response. `path` is a JSON pointer; it is empty for a whole response that is not JSON. */
  responsePart(value: unknown, path: string, payload?: unknown): unknown {
    if (path === "" && typeof value === "string") return this.response(Buffer.from(value), payload);
    if (this.isOff) return value;
    const context = responseContext((text) => this.error(text, payload), path);
    return this.#placeholders.value(value, context);
  }

  /** A message of the dev proxy, such as why a delivery failed. Redacts phone numbers and e-mail addresses in it. */
  text(text: string): string {
    return this.isOff ? text : this.#placeholders.text(text);
  }

  /**
   * An error of an app, as `Class: message`, with or without stack lines. Class, code and stack locations stay. In the message,
   * placeholders replace the values of the payload, e-mail addresses and runs of digits.
   * @param payload the payload of the push that caused the error; without one, a placeholder replaces the whole message
   */
  error(text: string, payload?: unknown): string {
    return this.isOff ? text : redactError(text, payload, (kind, value) => this.#placeholders.placeholder(kind, value));
  }

  /** The error that a handler of a push threw, as `error` returns it. Without the push, a placeholder replaces the whole message. */
  handlerError(text: string, push?: Content): string {
    return this.error(text, push && describePush(push.body, push.headers).payload);
  }

  /** What the app's receiver reported about a push in `Airudder-Outcome`, with the error as `error` returns it. */
  outcome(outcome: Outcome, push?: Content): Outcome {
    return outcome.error === undefined ? outcome : { ...outcome, error: this.handlerError(outcome.error, push) };
  }

  /** The id of a task, call or workflow. UUIDs and hexadecimal ids stay. Placeholders, which the filters accept, replace all others. */
  id(id: string): string {
    return this.isOff ? id : this.#placeholders.id(id);
  }

  /** The id of a push, which the dev proxy or an inbox generated. Redacted only if it looks personal. */
  pushId(id: string): string {
    return /^[\w-]{1,64}$/.test(id) && this.#placeholders.text(id) === id ? id : this.id(id);
  }

  /** The name of a push's type. */
  type(type: string): string {
    return this.isOff || isTypeName(type) ? type : this.#placeholders.placeholder("text", type);
  }

  /** The method of a request. */
  method(method: string): string {
    return this.isOff || /^[A-Z]{3,10}$/.test(method) ? method : this.#placeholders.placeholder("text", method);
  }

  /** A word of a record, such as the result of a push or the cause of a delivery. A placeholder replaces an unknown one. */
  word<T extends string>(word: T): T {
    return this.isOff || isRecordWord(word) ? word : (this.#placeholders.placeholder("text", word) as T);
  }

  /** The subject of a push: its type and ids. */
  subject(subject: string): string {
    if (this.isOff) return subject;
    const [type = "", ...ids] = subject.split("|");
    return [this.type(type), ...ids.map((id) => this.id(id))].join("|");
  }

  /** A JSON pointer into a payload. Its steps may contain names or phone numbers. */
  path(path: string): string {
    if (this.isOff) return path;
    return path
      .split("/")
      .map((step) => this.#placeholders.name(step))
      .join("/");
  }

  /** The headers of a request or response. */
  headers(headers: HeaderMap): HeaderMap {
    if (this.isOff) return headers;
    return Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        this.#placeholders.name(name),
        typeof value === "string" ? this.#header(name, value) : value.map((one) => this.#header(name, one)),
      ]),
    );
  }

  /** A path or URL. Redacts the values of its query, and the parts of its path that may be personal. */
  url(url: string): string {
    if (this.isOff) return url;
    const start = url.indexOf("?");
    const [path, query] = start < 0 ? [url, undefined] : [url.slice(0, start), url.slice(start + 1)];
    const pairs = query?.split("&").map((pair) => this.#parameter(pair));
    return `${this.#path(path)}${pairs === undefined ? "" : `?${pairs.join("&")}`}`;
  }

  /** What stands in place of a secret. */
  #hidden(): string {
    this.#hiddenCount++;
    return HIDDEN;
  }

  #path(path: string): string {
    const [, origin = "", rest = path] = /^(https?:\/\/[^/]*)(.*)$/s.exec(path) ?? [];
    const parts = rest.split("/").map((part, i, all) => {
      if (part === "") return part;
      // The receiver also accepts its token in a path that ends with /t/TOKEN.
      if (all[i - 1] === "t" && i === all.length - 1) return this.#hidden();
      const isHarmless = /^[\w.~-]{1,64}$/.test(part) && !/\d{5}/.test(part.replace(/[._~-]/g, ""));
      return isHarmless ? part : this.#placeholders.placeholder(guessKind(decoded(part)), decoded(part));
    });
    return origin.replace(/\/\/[^@]*@/, () => `//${this.#hidden()}@`) + parts.join("/");
  }

  #parameter(pair: string): string {
    const end = pair.indexOf("=");
    const rawName = end < 0 ? pair : pair.slice(0, end);
    const name = decoded(rawName);
    const redactedName = isFieldName(name) || name === "" ? rawName : this.#placeholders.name(name);
    if (end < 0) return redactedName;
    const value = decoded(pair.slice(end + 1));
    if (value === "") return `${redactedName}=`;
    return `${redactedName}=${SECRET_PARAMETERS.test(name) ? this.#hidden() : this.#placeholders.placeholder(guessKind(value), value)}`;
  }

  #header(name: string, value: string): string {
    if (isHarmlessHeader(name, value)) return value;
    if (name === "airudder-outcome") return this.#outcomeHeader(value);
    if (name === "airudder-replay") return this.pushId(value);
    if (isSecretHeader(name)) return this.#hidden();
    return this.#placeholders.placeholder(/(^|-)sign(ature)?$/.test(name) ? "signature" : guessKind(value), value);
  }

  #outcomeHeader(value: string): string {
    const outcome = readOutcome(value);
    return outcome === undefined ? this.#hidden() : JSON.stringify(this.outcome(outcome));
  }

  /** A JSON body, redacted. Any other body is printed only with `--reveal`, because no schema describes it. */
  #body(
    body: Buffer,
    context: SchemaContext,
    { what = `${body.length} bytes that are`, hint = "" }: { what?: string; hint?: string } = {},
  ): unknown {
    if (body.length === 0) return "";
    const text = isUtf8(body) ? textOf(body) : undefined;
    if (text !== undefined && isValidJson(text)) return this.#json(text, context);
    if (!this.isOff || text === undefined) this.#hiddenCount++;
    if (text === undefined) return `<${what} not text${hint && `:${hint}`}>`;
    return this.isOff ? body.toString("utf8") : `<${what} not JSON: --reveal shows them${hint && `,${hint}`}>`;
  }

  #json(text: string, context: SchemaContext): JsonText {
    return new JsonText(this.isOff ? text : this.#placeholders.json(text, context));
  }
}

/** The JSON text of a push, decompressed. */
function jsonOf(body: Buffer, headers: HeaderMap): string {
  return textOf(headers["content-encoding"] === undefined ? body : parsePush(body, headers).raw);
}

/** The text of a body, without a byte order mark, which JSON does not allow. */
function textOf(body: Buffer): string {
  return body.toString("utf8").replace(/^\ufeff/, "");
}

function decoded(text: string): string {
  try {
    // A plus at the start, before a digit, belongs to a phone number that was not percent-encoded.
    return decodeURIComponent(text.replace(/^\+(?=\d)/, "%2B").replaceAll("+", " ")).trim();
  } catch {
    return text;
  }
}
