import { isUtf8 } from "node:buffer";
import type { PushDescription } from "airudder-webhooks";
import type { HeaderMap } from "airudder-webhooks/journal";
import { readConfig } from "../config/config.js";
import { groundOfAnswer } from "./answer.js";
import { kindOfLook, kindOfText } from "./fields.js";
import { type Ground, groundOf } from "./ground.js";
import { Mask } from "./mask.js";

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

  /** The curtain of a journal; its placeholders stay the same as long as its config does. */
  static async of(dir: string, isOpen: boolean, fallback = ""): Promise<Curtain> {
    const config = isOpen ? undefined : await readConfig(dir).catch(() => undefined);
    return new Curtain(config?.secret ?? fallback, isOpen);
  }

  /** The body of a push: what its schema knows and is not personal stays readable. */
  push({ schema, payload }: PushDescription, body: Buffer): unknown {
    return payload === undefined ? this.#body(body, () => "open", RAW) : this.#value(payload, groundOf(schema));
  }

  /** The body of an app's answer. */
  answer(body: Buffer): unknown {
    return this.#body(body, (value) => groundOfAnswer(value));
  }

  /** A part of an app's answer. `path` is a JSON pointer; empty for a whole answer that is no JSON. */
  answerPart(value: unknown, path: string): unknown {
    if (path === "" && typeof value === "string") return this.answer(Buffer.from(value));
    return this.#value(value, groundOfAnswer(value, path), path.split("/").at(-1));
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

  /** A path or URL, whose query may hold a secret. */
  url(url: string): string {
    if (this.isOpen) return url;
    return url.replace(/([?&])([^=&]+)=([^&]*)/g, (all, mark: string, name: string, value: string) => {
      if (SECRET_PARAMETERS.test(decoded(name))) return `${mark}${name}=${HIDDEN}`;
      const text = decoded(value);
      const kind = kindOfLook(text);
      return kind === undefined ? all : `${mark}${name}=${this.#mask.placeholder(kind, text)}`;
    });
  }

  #header(name: string, value: string | string[]): string | string[] {
    if (SECRET_HEADERS.test(name)) return HIDDEN;
    if (typeof value !== "string") return value.map((one) => this.#header(name, one) as string);
    const kind = kindOfText(value);
    return kind === undefined ? value : this.#mask.placeholder(kind, value);
  }

  /** A body as a JSON value where it is JSON; as text only with `--reveal`, since nobody knows what is in it. */
  #body(body: Buffer, ground: (value: unknown) => Ground, how = ""): unknown {
    if (body.length === 0) return "";
    if (!isUtf8(body)) return `<${body.length} bytes that are not text${how && `:${how}`}>`;
    const text = body.toString("utf8");
    try {
      const value: unknown = JSON.parse(text.replace(/^\ufeff/, ""));
      return this.#value(value, ground(value));
    } catch {
      return this.isOpen ? text : `<${body.length} bytes that are not JSON: --reveal shows them${how && `,${how}`}>`;
    }
  }

  #value(value: unknown, ground: Ground, name?: string): unknown {
    return this.isOpen ? value : this.#mask.value(value, ground, name);
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " ")).trim();
  } catch {
    return text;
  }
}
