import { createHmac } from "node:crypto";
import { isFreeMap, type Kind, kindOfField, kindOfText } from "./fields.js";

/**
 * Puts placeholders in the place of personal data. The same value gets the same placeholder as long as the secret is the same, so that
 * one can still see that two pushes concern one person.
 */
export class Mask {
  constructor(private readonly secret: string) {}

  /** A JSON value with what is personal masked. `name` is the field that holds it. */
  value(value: unknown, name = ""): unknown {
    return this.#walk(value, kindOfField(name), isFreeMap(name));
  }

  /** The placeholder of a value. */
  placeholder(kind: Kind, value: string): string {
    const digest = createHmac("sha256", this.secret).update(`${kind}\0${value}`).digest("hex");
    return `<${kind}:${digest.slice(0, 6)}>`;
  }

  #walk(value: unknown, kind: Kind | undefined, isFree: boolean): unknown {
    if (typeof value === "string") return this.#text(value, kind ?? (isFree ? "person" : undefined));
    if (typeof value === "number") return kind || isFree ? this.#text(String(value), kind ?? "person") : value;
    if (Array.isArray(value)) return value.map((item) => this.#walk(item, kind, isFree));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [
        name,
        this.#walk(inner, kindOfField(name), isFree || isFreeMap(name)),
      ]),
    );
  }

  #text(text: string, kind: Kind | undefined): string {
    const found = kind ?? kindOfText(text);
    return found === undefined || text === "" ? text : this.placeholder(found, text);
  }
}
