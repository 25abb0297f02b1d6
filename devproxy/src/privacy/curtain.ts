import { isUtf8 } from "node:buffer";
import type { PushDescription } from "airudder-webhooks";
import type { HeaderMap } from "airudder-webhooks/journal";
import { groundOfAnswer, mayBeCut, wholeLetters } from "./answer.js";
import { redactError } from "./error-text.js";
import { kindOfField, kindOfLook } from "./fields.js";
import { type Ground, groundOf } from "./ground.js";
import { Mask } from "./mask.js";
import { secretOf } from "./secret.js";

const SECRET_HEADERS =
  /^(authorization|cookie|set-cookie|proxy-authorization)$|(^|-)(token|secret|api-?key|password)(-|$)/;
const SECRET_PARAMETERS = /^(token|key|secret|password|signature|sign|access_token|api_key)$/i;
const HIDDEN = "<hidden>";
const RAW = " --raw writes them";

/** What stands between recorded data and the screen. With `--reveal` it is open. */
export class Curtain {
  readonly #mask: Mask;

  constructor(
    secret: string,
    readonly isOpen: boolean,
  ) {
    this.#mask = new Mask(secret);
  }

  /** The curtain of a journal: every command puts the same placeholder in the place of a value. */
  static async of(dir: string, isOpen: boolean): Promise<Curtain> {
    const secret = isOpen ? undefined : await secretOf(dir);
    return new Curtain(secret ?? "", isOpen);
  }

  /** The body of a push: what its schema knows and is not personal stays readable. */
  push({ schema, payload }: PushDescription, body: Buffer): unknown {
    return payload === undefined ? this.#body(body, () => "open", RAW) : this.#value(payload, groundOf(schema));
  }

  /** The body of an app's answer. */
  answer(body: Buffer): unknown {
    if (!mayBeCut(body)) return this.#body(body, groundOfAnswer);
    return this.#body(wholeLetters(body), groundOfAnswer, "", `the first ${body.length} bytes, which are`);
  }

  /** A part of an app's answer. `path` is a JSON pointer; empty for a whole answer that is no JSON. */
  answerPart(value: unknown, path: string): unknown {
    if (path === "" && typeof value === "string") return this.answer(Buffer.from(value));
    return this.#value(value, groundOfAnswer(value, path), path.split("/").at(-1));
  }

  /** A text that is shown, such as an id: phone numbers and addresses of e-mail in it are masked. */
  text(text: string): string {
    return this.isOpen ? text : this.#mask.text(text);
  }

  /**
   * An error of an app, as `Class: message`, also with stack lines. Class, code and stack locations are shown; in the message,
   * placeholders replace the values of the payload, e-mail addresses and runs of digits.
   * @param payload the payload of the push that it is about; without one the whole message is replaced
   */
  error(text: string, payload?: unknown): string {
    return this.isOpen ? text : redactError(text, payload, (kind, value) => this.#mask.placeholder(kind, value));
  }

  /** What a push is about. */
  subject(subject: string): string {
    return this.isOpen ? subject : this.#mask.placeholder("subject", subject);
  }

  /** A JSON pointer into a payload, whose steps may be the numbers of people. */
  path(path: string): string {
    if (this.isOpen) return path;
    return path
      .split("/")
      .map((step) => this.#mask.name(step))
      .join("/");
  }

  headers(headers: HeaderMap): HeaderMap {
    if (this.isOpen) return headers;
    return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, this.#header(name, value)]));
  }

  /** A path or URL: what the values of its query are is not known, and may be a secret. */
  url(url: string): string {
    if (this.isOpen) return url;
    const start = url.indexOf("?");
    if (start < 0) return this.#mask.text(url);
    const pairs = url.slice(start + 1).split("&");
    return `${this.#mask.text(url.slice(0, start))}?${pairs.map((pair) => this.#pair(pair)).join("&")}`;
  }

  #pair(pair: string): string {
    const end = pair.indexOf("=");
    const rawName = end < 0 ? pair : pair.slice(0, end);
    const name = decoded(rawName);
    const shownName = this.#mask.name(name) === name ? rawName : this.#mask.name(name);
    if (end < 0) return shownName;
    const value = decoded(pair.slice(end + 1));
    if (value === "") return `${shownName}=`;
    const kind = kindOfField(name) ?? kindOfLook(value) ?? "text";
    return `${shownName}=${SECRET_PARAMETERS.test(name) ? HIDDEN : this.#mask.placeholder(kind, value)}`;
  }

  #header(name: string, value: string | string[]): string | string[] {
    if (SECRET_HEADERS.test(name)) return HIDDEN;
    if (typeof value !== "string") return value.map((one) => this.#header(name, one) as string);
    if (value !== "" && kindOfField(name) === "sign") return this.#mask.placeholder("sign", value);
    return this.#mask.text(value);
  }

  /** A body as a JSON value where it is JSON; as text only with `--reveal`, since nobody knows what is in it. */
  #body(body: Buffer, ground: (value: unknown) => Ground, how = "", what = `${body.length} bytes that are`): unknown {
    if (body.length === 0) return "";
    if (!isUtf8(body)) return `<${what} not text${how && `:${how}`}>`;
    const text = body.toString("utf8");
    try {
      const value: unknown = JSON.parse(text.replace(/^\ufeff/, ""));
      return this.#value(value, ground(value));
    } catch {
      return this.isOpen ? text : `<${what} not JSON: --reveal shows them${how && `,${how}`}>`;
    }
  }

  #value(value: unknown, ground: Ground, name?: string): unknown {
    return this.isOpen ? value : this.#mask.value(value, ground, name);
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
