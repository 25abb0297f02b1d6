import type { HeaderMap } from "airudder-webhooks/journal";
import { readConfig } from "../config/config.js";
import { Mask } from "./mask.js";

const SECRET_HEADERS = /^(authorization|cookie|set-cookie|proxy-authorization|x-api-key)$/;
const SECRET_PARAMETERS = /^(token|key|secret|password|signature|sign|access_token|api_key)$/i;
const HIDDEN = "<hidden>";

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

  /** A JSON value. `name` is the field that holds it. */
  value(value: unknown, name?: string): unknown {
    return this.isOpen ? value : this.#mask.value(value, name);
  }

  headers(headers: HeaderMap): HeaderMap {
    if (this.isOpen) return headers;
    return Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, SECRET_HEADERS.test(name) ? HIDDEN : value]),
    );
  }

  /** A path or URL, whose query may hold a secret. */
  url(url: string): string {
    if (this.isOpen) return url;
    return url.replace(/([?&])([^=&]+)=([^&]*)/g, (all, mark: string, name: string) =>
      SECRET_PARAMETERS.test(name) ? `${mark}${name}=${HIDDEN}` : all,
    );
  }

  /** A body as a JSON value where it is JSON; as text only with `--reveal`, since nobody knows what is in it. */
  body(body: Buffer): unknown {
    const text = body.toString("utf8");
    try {
      return this.value(JSON.parse(text.replace(/^\ufeff/, "")));
    } catch {
      return this.isOpen || text === ""
        ? text
        : `<${body.length} bytes that are not JSON: --reveal shows them, --raw writes them>`;
    }
  }
}
