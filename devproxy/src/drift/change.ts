import { pointerStep } from "airudder-webhooks/inspect";
import { asKeyword } from "./json-type.js";
import { isScalarType, Observed, UNKNOWN_PERSONAL } from "./observed.js";
import { isScalar, isShown, isShownName, type Scalar } from "./reveal.js";
import { typesOf, valuesOf } from "./schema.js";
import type { Place } from "./schemas.js";
import type { Difference } from "./walk.js";

/** An operation of a JSON patch (RFC 6902). */
export interface Operation {
  readonly op: "add" | "remove" | "replace" | "test";
  readonly path: string;
  readonly value?: unknown;
}

/** Everything that has to change in one node of a schema. */
export class Change {
  readonly #missing = new Set<string>();
  readonly #fields = new Map<string, { observed: Observed; firstSeen: string }>();
  readonly #types = new Observed();
  readonly #values = new Set<Scalar>();
  /** Something came that no list of values can hold. */
  #isOpen = false;

  constructor(private readonly place: Place) {}

  /**
   * Takes up a difference. Gives the reason where the change will not cover it.
   * @param at when the push came, ISO 8601
   */
  add({ kind, name = "", value }: Difference, at: string, reveal: boolean): string | undefined {
    if (kind === "missing_field") this.#missing.add(name);
    else if (kind === "unknown_field") return this.#addField(name, value, at, reveal);
    else {
      if (kind === "wrong_type") this.#types.add(value);
      if (valuesOf(this.place.node) !== undefined) return this.#addValue(value, reveal);
    }
    return undefined;
  }

  #addField(name: string, value: unknown, at: string, reveal: boolean): string | undefined {
    if (name in {}) return "it has the name of something that every object has";
    if (!isShownName(name, reveal)) return "its name is hidden: --reveal puts it in";
    const field = this.#fields.get(name) ?? { observed: new Observed(), firstSeen: at };
    field.observed.add(value);
    if (at < field.firstSeen) field.firstSeen = at;
    this.#fields.set(name, field);
    return undefined;
  }

  #addValue(value: unknown, reveal: boolean): string | undefined {
    if (!isScalar(value)) this.#isOpen = true;
    else if (isShown(value, reveal)) this.#values.add(value);
    else return "the value is hidden: --reveal puts it in";
    return undefined;
  }

  operations(): Operation[] {
    return [
      ...this.#removals("required"),
      ...this.#removals("x-essential"),
      ...this.#additions(),
      ...this.#widenings(),
    ];
  }

  /** From the end, so that no removal moves what another one names. */
  #removals(keyword: "required" | "x-essential"): Operation[] {
    const names = this.place.node[keyword] ?? [];
    return names
      .flatMap((name, index): Operation[][] => {
        if (!this.#missing.has(name)) return [];
        const path = this.#at(`/${keyword}/${index}`);
        return [
          [
            { op: "test", path, value: name },
            { op: "remove", path },
          ],
        ];
      })
      .reverse()
      .flat();
  }

  #additions(): Operation[] {
    const nodes = [...this.#fields].map(([name, { observed, firstSeen }]) => {
      const node = observed.toNode(`Not documented; first seen ${firstSeen.slice(0, 10)}.`);
      return [name, { ...node, "x-provenance": "observed" }] as const;
    });
    if (nodes.length === 0) return [];
    if (this.place.node.properties === undefined) {
      return [{ op: "add", path: this.#at("/properties"), value: Object.fromEntries(nodes) }];
    }
    return nodes.map(([name, value]) => ({ op: "add", path: this.#at(`/properties${pointerStep(name)}`), value }));
  }

  #widenings(): Operation[] {
    const { type } = this.place.node;
    const types = this.#types.types;
    if (types.length === 0 || type === undefined) return this.#newValues();
    const path = this.#at("/type");
    return [
      { op: "test", path, value: type },
      { op: "replace", path, value: asKeyword([...typesOf(this.place.node), ...types]) },
      ...this.#personal(types),
      ...this.#newValues(),
    ];
  }

  #newValues(): Operation[] {
    const known = valuesOf(this.place.node);
    if (known === undefined || (this.#values.size === 0 && !this.#isOpen)) return [];
    const isConst = Object.hasOwn(this.place.node, "const");
    const path = this.#at(isConst ? "/const" : "/enum");
    const removal: Operation[] = [
      { op: "test", path, value: isConst ? known[0] : known },
      { op: "remove", path },
    ];
    if (this.#isOpen) return [...removal, ...this.#notLimited()];
    if (isConst) return [...removal, { op: "add", path: this.#at("/enum"), value: [...known, ...this.#values] }];
    return [...this.#values].map((value) => ({ op: "add", path: `${path}/-`, value }));
  }

  /** A field for a list or object needs `x-personal` once it may also hold another value. */
  #personal(types: readonly string[]): Operation[] {
    const isStated = this.place.node["x-personal"] !== undefined || typesOf(this.place.node).some(isScalarType);
    if (isStated || !types.some(isScalarType)) return [];
    return [{ op: "add", path: this.#at("/x-personal"), value: UNKNOWN_PERSONAL }];
  }

  /** Without a list of values, `x-personal: false` is no longer allowed. */
  #notLimited(): Operation[] {
    if (this.place.node["x-personal"] !== false) return [];
    return [{ op: "replace", path: this.#at("/x-personal"), value: UNKNOWN_PERSONAL }];
  }

  #at(pointer: string): string {
    return this.place.pointer + pointer;
  }
}
