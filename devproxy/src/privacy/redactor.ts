import { isUtf8 } from "node:buffer";
import { parsePush } from "airudder-webhooks";
import { describePush, isTypeName, type PushDescription } from "airudder-webhooks/inspect";
import type { Content, HeaderMap } from "airudder-webhooks/journal";
import { mayBeCut, type Outcome, readOutcome, withoutPartialCharacter } from "../http/index.js";
import { redactError } from "./error-text.js";
import { isFieldName, kindOfLook } from "./fields.js";
import { isHarmlessHeader, isSecretHeader } from "./header.js";
import { JsonText } from "./json-text.js";
import { Placeholders } from "./placeholders.js";
import { responseContext } from "./response-context.js";
import { type SchemaContext, schemaContextOf } from "./schema-context.js";
import { secretOf } from "./secret.js";

const SECRET_PARAMETERS = /^(token|key|secret|password|signature|sign|access_token|api_key)$/i;
const HIDDEN = "<hidden>";
const RAW = " --raw writes them";

/**
 * Redacts recorded data before it is printed: placeholders replace all values that are not known to be harmless. `--reveal` turns it off.
 */
export class Redactor {
  readonly #mask: Placeholders;

  constructor(
    secret: string,
    readonly isRevealed: boolean,
  ) {
    this.#mask = new Placeholders(secret);
  }

  /** The redaction of a journal. Equal values get equal placeholders in every command. */
  static async of(dir: string, isOpen: boolean): Promise<Redactor> {
    const secret = isOpen ? undefined : await secretOf(dir);
    return new Redactor(secret ?? "", isOpen);
  }

  /**
   * The body of a push: `JsonText` if it is JSON. Values are shown if the schema says that they are not personal.
   * @param headers of the push; needed if its body is compressed
   */
  push({ schema, payload }: PushDescription, body: Buffer, headers: HeaderMap = {}): unknown {
    if (payload === undefined) return this.#body(body, undefined, RAW);
    return this.#json(jsonOf(body, headers), schemaContextOf(schema));
  }

  /**
   * The body of an app's response: `JsonText` if it is JSON. Class, code and message of an error are shown, as `error` returns them.
   * @param payload the payload of the push that the app responded to
   */
  response(body: Buffer, payload?: unknown): unknown {
    const ground = responseContext((text) => this.error(text, payload));
    if (!mayBeCut(body)) return this.#body(body, ground);
    return this.#body(withoutPartialCharacter(body), ground, "", `the first ${body.length} bytes, which are`);
  }

  /** A part of an app's response. `path` is a JSON pointer; it is empty for a whole response that is not JSON. */
  responsePart(value: unknown, path: string, payload?: unknown): unknown {
    if (path === "" && typeof value === "string") return this.response(Buffer.from(value), payload);
    if (this.isRevealed) return value;
    const ground = responseContext((text) => this.error(text, payload), path);
    return this.#mask.value(value, ground);
  }

  /** A message of the dev proxy, such as why a delivery failed. Redacts phone numbers and e-mail addresses in it. */
  text(text: string): string {
    return this.isRevealed ? text : this.#mask.text(text);
  }

  /**
   * An error of an app, as `Class: message`, also with stack lines. Class, code and stack locations are shown. In the message,
   * placeholders replace the values of the payload, e-mail addresses and runs of digits.
   * @param payload the payload of the push that caused the error; without one, a placeholder replaces the whole message
   */
  error(text: string, payload?: unknown): string {
    return this.isRevealed ? text : redactError(text, payload, (kind, value) => this.#mask.placeholder(kind, value));
  }

  /** The error that a handler of a push threw, as `error` returns it. Without the push, a placeholder replaces the whole message. */
  handlerError(text: string, push?: Content): string {
    return this.error(text, push && describePush(push.body, push.headers).payload);
  }

  /** What the middleware reported about a push in `Airudder-Outcome`, with the error as `error` returns it. */
  outcome(outcome: Outcome, push?: Content): Outcome {
    return outcome.error === undefined ? outcome : { ...outcome, error: this.handlerError(outcome.error, push) };
  }

  /** The id of a task, call or workflow: a UUID or hexadecimal as it is, otherwise a placeholder that the filters accept. */
  id(id: string): string {
    return this.isRevealed ? id : this.#mask.id(id);
  }

  /** The id of a push, which the dev proxy or an inbox made. */
  pushId(id: string): string {
    return /^[\w-]{1,64}$/.test(id) && this.#mask.text(id) === id ? id : this.id(id);
  }

  /** The name of a push's type. */
  type(type: string): string {
    return this.isRevealed || isTypeName(type) ? type : this.#mask.placeholder("text", type);
  }

  /** The method of a request. */
  method(method: string): string {
    return this.isRevealed || /^[A-Z]{3,10}$/.test(method) ? method : this.#mask.placeholder("text", method);
  }

  /** The subject of a push: its type and ids. */
  subject(subject: string): string {
    if (this.isRevealed) return subject;
    const [type = "", ...ids] = subject.split("|");
    return [this.type(type), ...ids.map((id) => this.id(id))].join("|");
  }

  /** A JSON pointer into a payload. Its steps may contain names or phone numbers. */
  path(path: string): string {
    if (this.isRevealed) return path;
    return path
      .split("/")
      .map((step) => this.#mask.name(step))
      .join("/");
  }

  headers(headers: HeaderMap): HeaderMap {
    if (this.isRevealed) return headers;
    return Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        this.#mask.name(name),
        typeof value === "string" ? this.#header(name, value) : value.map((one) => this.#header(name, one)),
      ]),
    );
  }

  /** A path or URL: the values of its query may be secrets or personal data, and so may unusual parts of its path. */
  url(url: string): string {
    if (this.isRevealed) return url;
    const start = url.indexOf("?");
    const [path, query] = start < 0 ? [url, undefined] : [url.slice(0, start), url.slice(start + 1)];
    const pairs = query?.split("&").map((pair) => this.#pair(pair));
    return `${this.#path(path)}${pairs === undefined ? "" : `?${pairs.join("&")}`}`;
  }

  #path(path: string): string {
    const [, origin = "", rest = path] = /^(https?:\/\/[^/]*)(.*)$/s.exec(path) ?? [];
    const steps = rest.split("/").map((step, place, all) => {
      if (step === "") return step;
      // The receiver also takes its token from a path that ends with /t/TOKEN.
      if (all[place - 1] === "t" && place === all.length - 1) return HIDDEN;
      const isPlain = /^[\w.~-]{1,64}$/.test(step) && !/\d{5}/.test(step.replace(/[._~-]/g, ""));
      return isPlain ? step : this.#mask.placeholder(kindOfLook(decoded(step)), decoded(step));
    });
    return origin.replace(/\/\/[^@]*@/, `//${HIDDEN}@`) + steps.join("/");
  }

  #pair(pair: string): string {
    const end = pair.indexOf("=");
    const rawName = end < 0 ? pair : pair.slice(0, end);
    const name = decoded(rawName);
    const shownName = isFieldName(name) || name === "" ? rawName : this.#mask.name(name);
    if (end < 0) return shownName;
    const value = decoded(pair.slice(end + 1));
    if (value === "") return `${shownName}=`;
    return `${shownName}=${SECRET_PARAMETERS.test(name) ? HIDDEN : this.#mask.placeholder(kindOfLook(value), value)}`;
  }

  #header(name: string, value: string): string {
    if (isHarmlessHeader(name, value)) return value;
    if (name === "airudder-outcome") return this.#outcomeHeader(value);
    if (name === "airudder-replay") return this.pushId(value);
    if (isSecretHeader(name)) return HIDDEN;
    return this.#mask.placeholder(/(^|-)sign(ature)?$/.test(name) ? "signature" : kindOfLook(value), value);
  }

  #outcomeHeader(value: string): string {
    const outcome = readOutcome(value);
    return outcome === undefined ? HIDDEN : JSON.stringify(this.outcome(outcome));
  }

  /** A body as JSON if it is; as text only with `--reveal`, because its content is unknown. */
  #body(body: Buffer, ground: SchemaContext, how = "", what = `${body.length} bytes that are`): unknown {
    if (body.length === 0) return "";
    if (!isUtf8(body)) return `<${what} not text${how && `:${how}`}>`;
    const text = textOf(body);
    if (parsed(text) !== undefined) return this.#json(text, ground);
    return this.isRevealed ? body.toString("utf8") : `<${what} not JSON: --reveal shows them${how && `,${how}`}>`;
  }

  #json(text: string, ground: SchemaContext): JsonText {
    return new JsonText(this.isRevealed ? text : this.#mask.json(text, ground));
  }
}

/** The JSON text of a push that was parsed, inflated if it came compressed. */
function jsonOf(body: Buffer, headers: HeaderMap): string {
  return textOf(headers["content-encoding"] === undefined ? body : parsePush(body, headers).raw);
}

/** Without a byte order mark, which is not JSON. */
function textOf(body: Buffer): string {
  return body.toString("utf8").replace(/^\ufeff/, "");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function decoded(text: string): string {
  try {
    // A plus before a digit is that of a phone number, which its sender forgot to encode.
    return decodeURIComponent(text.replace(/^\+(?=\d)/, "%2B").replaceAll("+", " ")).trim();
  } catch {
    return text;
  }
}
