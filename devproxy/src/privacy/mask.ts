import { createHmac } from "node:crypto";
import { type Kind, kindOfField, kindOfLook, kindOfName, kindOfText, replaceWithin } from "./fields.js";
import { fieldOf, type Ground, itemsOf, under } from "./ground.js";

/** A number of fewer digits tells nothing of anyone where it stands beside the documented fields. */
const TELLING_DIGITS = 6;

/**
 * Puts placeholders in the place of personal data, and of everything that no schema knows. The same value gets the same placeholder as
 * long as the secret is the same, so that one can still see that two pushes concern one person.
 */
export class Mask {
  constructor(private readonly secret: string) {}

  /**
   * A JSON value with what may be personal masked.
   * @param ground what is known of the place that it stands at; nothing unless told
   * @param name the field that holds it
   */
  value(value: unknown, ground: Ground = "open", name = ""): unknown {
    const known = under(ground, value);
    if (typeof value === "string") return value === "" ? value : this.#scalar(value, kindOf(value, known, name));
    if (typeof value === "number") return this.#scalar(value, kindOfNumber(value, known, name));
    if (Array.isArray(value)) return value.map((item) => this.value(item, itemsOf(known), name));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [this.name(key), this.value(inner, fieldOf(known, key), key)]),
    );
  }

  /** The key of an object, or another name, which may be a person's number. */
  name(name: string): string {
    return this.#scalar(name, kindOfName(name)) as string;
  }

  /** A text that is shown: what is personal in it beyond doubt is masked, the rest is left. */
  text(text: string): string {
    const kind = kindOfText(text);
    if (kind !== undefined) return this.placeholder(kind, text);
    return replaceWithin(text, (found, value) => this.placeholder(found, value));
  }

  /** The placeholder of a value. */
  placeholder(kind: Kind | "subject" | "value" | "email" | "digits" | "message", value: string): string {
    const digest = createHmac("sha256", this.secret).update(`${kind}\0${value}`).digest("hex");
    return `<${kind}:${digest.slice(0, 6)}>`;
  }

  #scalar(value: string | number, kind: Kind | undefined): string | number {
    if (kind !== undefined) return this.placeholder(kind, String(value));
    return typeof value === "string" ? this.text(value) : value;
  }
}

function kindOf(text: string, ground: Ground, name: string): Kind | undefined {
  const kind = kindOfField(name);
  if (typeof ground !== "string") return kind ?? kindOfText(text);
  return kind ?? kindOfLook(text) ?? "text";
}

function kindOfNumber(value: number, ground: Ground, name: string): Kind | undefined {
  const kind = kindOfField(name);
  const digits = String(value).replace(/\D/g, "").length;
  if (kind !== undefined || typeof ground !== "string") return kind;
  return ground === "stray" && digits < TELLING_DIGITS ? undefined : (kindOfLook(String(value)) ?? "number");
}
