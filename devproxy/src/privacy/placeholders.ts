import { createHmac } from "node:crypto";
import { jsonTokens } from "./json-tokens.js";
import { guessKind, isFieldName, isHarmlessId, type PlaceholderKind, replacePhonesAndEmails } from "./personal-data.js";
import { fieldOf, isDocumented, type SchemaContext } from "./schema-context.js";

/** Maximum nesting; deeper values are not shown. */
const MAX_DEPTH = 200;
const TOO_DEEP = JSON.stringify("<nested too deeply>");

/** Number of digits in a placeholder. Those of ids are longer, because filters select pushes by them. */
const DIGEST_LENGTH = 6;
const ID_DIGEST_LENGTH = 12;

interface Level {
  readonly ground: SchemaContext;
  readonly isObject: boolean;
}

/**
 * Replaces every value that is not known to be harmless by a placeholder. Equal values get equal placeholders if the secret is the same, so
 * that you can still see that two pushes concern the same person.
 */
export class Placeholders {
  constructor(private readonly secret: string) {}

  /** A JSON value, redacted. */
  value(value: unknown, ground?: SchemaContext): unknown {
    if (value === undefined) return undefined;
    try {
      return JSON.parse(this.json(JSON.stringify(value), ground));
    } catch (error) {
      if (error instanceof RangeError) return "<nested too deeply>";
      throw error;
    }
  }

  /**
   * A JSON text, redacted, in one line. What is shown is copied from the text.
   * @param ground what is known of the document; default: nothing
   */
  json(text: string, ground?: SchemaContext): string {
    const out: string[] = [];
    const levels: Level[] = [];
    let next = ground;
    let isKey = false;
    let skipped = 0;
    for (const token of jsonTokens(text)) {
      if (token === "{" || token === "[") {
        if (skipped > 0 || levels.length === MAX_DEPTH) {
          if (skipped++ === 0) out.push(TOO_DEEP);
          continue;
        }
        levels.push({ ground: next, isObject: token === "{" });
        isKey = token === "{";
        if (!isKey) next = next?.items;
        out.push(token);
      } else if (token === "}" || token === "]") {
        if (skipped > 0) skipped--;
        else {
          levels.pop();
          out.push(token);
        }
      } else if (skipped > 0) continue;
      else if (token === ",") {
        const level = levels.at(-1) as Level;
        isKey = level.isObject;
        if (!isKey) next = level.ground?.items;
        out.push(token);
      } else if (token === ":") out.push(token);
      else if (isKey) {
        const name: string = JSON.parse(token);
        const { ground: above } = levels.at(-1) as Level;
        out.push(isDocumented(above, name) ? token : JSON.stringify(this.name(name)));
        next = fieldOf(above, name);
        isKey = false;
      } else out.push(this.#scalar(token, next));
    }
    return out.join("");
  }

  /** The key of an object, or another name, which may be that of a person. */
  name(name: string): string {
    if (name === "" || isFieldName(name)) return name;
    const look = guessKind(name);
    return this.placeholder(look === "text" ? "key" : look, name);
  }

  /** A message of the dev proxy. Redacts phone numbers and e-mail addresses in it. */
  text(text: string): string {
    return replacePhonesAndEmails(text, (found, value) => this.placeholder(found, value));
  }

  /** An id: UUIDs and hexadecimal as they are, a placeholder for others. */
  id(id: string): string {
    return id === "" || isHarmlessId(id) ? id : this.placeholder("id", id);
  }

  /** The placeholder of a value. */
  placeholder(kind: PlaceholderKind, value: string): string {
    const digest = createHmac("sha256", this.secret).update(`${kind}\0${value}`).digest("hex");
    return `<${kind}:${digest.slice(0, kind === "id" ? ID_DIGEST_LENGTH : DIGEST_LENGTH)}>`;
  }

  /** A scalar's JSON text, as it is or a placeholder. */
  #scalar(token: string, ground: SchemaContext): string {
    if (token === '""' || token === "null" || token === "true" || token === "false") return token;
    const isText = token.startsWith('"');
    const value: string = isText ? JSON.parse(token) : token;
    if (ground?.harmless?.test(value)) return token;
    if (isText && ground?.redact !== undefined) return JSON.stringify(ground.redact(value));
    if (ground?.personal === "id" && isHarmlessId(value)) return token;
    const look = guessKind(value);
    const kind = ground?.personal ?? (isText || look !== "text" ? look : "number");
    return JSON.stringify(this.placeholder(kind as PlaceholderKind, value));
  }
}
