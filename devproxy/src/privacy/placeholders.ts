import { createHmac } from "node:crypto";
import { jsonTokens } from "./json-text.js";
import { guessKind, isFieldName, isHarmlessId, type PlaceholderKind, replacePhonesAndEmails } from "./personal-data.js";
import { fieldOf, namesField, type SchemaContext } from "./schema-context.js";

/** Maximum nesting, in levels. Deeper values are not printed. */
const MAX_DEPTH = 200;
const TOO_DEEP = JSON.stringify("<nested too deeply>");

/** Number of hexadecimal digits in a placeholder. Those of ids are longer, because filters select pushes by them. */
const DIGEST_LENGTH = 6;
const ID_DIGEST_LENGTH = 12;

interface Level {
  readonly context: SchemaContext;
  readonly isObject: boolean;
}

/**
 * Replaces every value with a placeholder, unless it is known to be harmless. With the same secret, equal values get equal placeholders, so
 * you can still see that two pushes concern the same person.
 */
export class Placeholders {
  readonly #secret: string;
  /** Number of values that were replaced so far. */
  count = 0;

  constructor(secret: string) {
    this.#secret = secret;
  }

  /** A JSON value, redacted. */
  value(value: unknown, context?: SchemaContext): unknown {
    if (value === undefined) return undefined;
    try {
      return JSON.parse(this.json(JSON.stringify(value), context));
    } catch (error) {
      if (error instanceof RangeError) return "<nested too deeply>";
      throw error;
    }
  }

  /**
   * A JSON text, redacted, on one line. Values without a placeholder are unchanged.
   * @param context of the document. Default: no schema describes it
   */
  json(text: string, context?: SchemaContext): string {
    const out: string[] = [];
    const levels: Level[] = [];
    let nextContext = context;
    let isKey = false;
    let skippedLevels = 0;
    for (const { text: token } of jsonTokens(text)) {
      if (token === "{" || token === "[") {
        if (skippedLevels > 0 || levels.length === MAX_DEPTH) {
          if (skippedLevels++ === 0) {
            this.count++;
            out.push(TOO_DEEP);
          }
          continue;
        }
        levels.push({ context: nextContext, isObject: token === "{" });
        isKey = token === "{";
        if (!isKey) nextContext = nextContext?.items;
        out.push(token);
      } else if (token === "}" || token === "]") {
        if (skippedLevels > 0) skippedLevels--;
        else {
          levels.pop();
          out.push(token);
        }
      } else if (skippedLevels > 0) continue;
      else if (token === ",") {
        const level = levels.at(-1) as Level;
        isKey = level.isObject;
        if (!isKey) nextContext = level.context?.items;
        out.push(token);
      } else if (token === ":") out.push(token);
      else if (isKey) {
        const name: string = JSON.parse(token);
        const { context: parent } = levels.at(-1) as Level;
        out.push(namesField(parent, name) ? token : JSON.stringify(this.name(name)));
        nextContext = fieldOf(parent, name);
        isKey = false;
      } else out.push(this.#scalar(token, nextContext));
    }
    return out.join("");
  }

  /** A key of an object, or the name of a header or query parameter. A placeholder replaces it if it may be personal. */
  name(name: string): string {
    if (name === "" || isFieldName(name)) return name;
    const kind = guessKind(name);
    return this.placeholder(kind === "text" ? "key" : kind, name);
  }

  /** A message of the dev proxy. Redacts phone numbers and e-mail addresses in it. */
  text(text: string): string {
    return replacePhonesAndEmails(text, (kind, value) => this.placeholder(kind, value));
  }

  /** An id. A placeholder replaces it, unless it is a UUID or hexadecimal. */
  id(id: string): string {
    return id === "" || isHarmlessId(id) ? id : this.placeholder("id", id);
  }

  /** The placeholder of a value. */
  placeholder(kind: PlaceholderKind, value: string): string {
    this.count++;
    return this.format(kind, value, this.digest(kind, value));
  }

  /**
   * Formats what stands in place of a value.
   * @param digest of the kind and the value, hexadecimal
   */
  protected format(kind: PlaceholderKind, _value: string, digest: string): string {
    return `<${kind}:${digest.slice(0, kind === "id" ? ID_DIGEST_LENGTH : DIGEST_LENGTH)}>`;
  }

  /** The JSON text of what stands in place of a number. */
  protected numberToken(kind: PlaceholderKind, value: string): string {
    return JSON.stringify(this.placeholder(kind, value));
  }

  /** A digest of a value. Only who knows the secret can compute it. */
  protected digest(kind: PlaceholderKind, value: string): string {
    return createHmac("sha256", this.#secret).update(`${kind}\0${value}`).digest("hex");
  }

  /** The JSON text of a scalar, or of its placeholder. */
  #scalar(token: string, context: SchemaContext): string {
    if (token === '""' || token === "null" || token === "true" || token === "false") return token;
    const isText = token.startsWith('"');
    const value: string = isText ? JSON.parse(token) : token;
    if (context?.harmless?.test(value)) return token;
    if (isText && context?.redact !== undefined) return JSON.stringify(context.redact(value));
    if (context?.personal === "id" && isHarmlessId(value)) return token;
    const guess = guessKind(value);
    const kind = context?.personal ?? (isText || guess !== "text" ? guess : "number");
    return isText
      ? JSON.stringify(this.placeholder(kind as PlaceholderKind, value))
      : this.numberToken(kind as PlaceholderKind, value);
  }
}
