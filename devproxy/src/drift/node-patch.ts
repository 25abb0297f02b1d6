import { pointerStep } from "airudder-webhooks/inspect";
import { typeKeyword } from "./json-type.js";
import { mayBePersonal, ObservedTypes, UNKNOWN_PERSONAL } from "./observed-types.js";
import { isScalar, isShown, isShownName, type Scalar } from "./reveal.js";
import { typesOf, valuesOf } from "./schema.js";
import type { SchemaLocation, SchemaMismatch } from "./schemas.js";

/** An operation of a JSON patch (RFC 6902). */
export interface Operation {
  readonly op: "add" | "remove" | "replace" | "test";
  readonly path: string;
  readonly value?: unknown;
}

/** Builds the operations that change one node of a schema so that it allows what was received. */
export class NodePatchBuilder {
  readonly #missing = new Set<string>();
  readonly #fields = new Map<string, { observed: ObservedTypes; firstSeen: string }>();
  readonly #types = new ObservedTypes();
  readonly #values = new Set<Scalar>();
  /** Whether an array or object was received where the node lists values. If so, the patch removes the list. */
  #removesValues = false;

  constructor(private readonly location: SchemaLocation) {}

  /**
   * Adds a mismatch. Returns the reason if the patch will not cover it.
   * @param receivedAt when the push was received, ISO 8601
   */
  add({ kind, name = "", value }: SchemaMismatch, receivedAt: string, reveal: boolean): string | undefined {
    if (kind === "missing_field") this.#missing.add(name);
    else if (kind === "unknown_field") return this.#addField(name, value, receivedAt, reveal);
    else {
      if (kind === "wrong_type") this.#types.add(value);
      if (valuesOf(this.location.node) !== undefined) return this.#addValue(value, reveal);
    }
    return undefined;
  }

  #addField(name: string, value: unknown, receivedAt: string, reveal: boolean): string | undefined {
    if (name in {}) return "every JavaScript object already has a property of this name";
    if (!isShownName(name, reveal)) return "its name is redacted: --reveal includes it";
    const field = this.#fields.get(name) ?? { observed: new ObservedTypes(), firstSeen: receivedAt };
    field.observed.add(value);
    if (receivedAt < field.firstSeen) field.firstSeen = receivedAt;
    this.#fields.set(name, field);
    return undefined;
  }

  #addValue(value: unknown, reveal: boolean): string | undefined {
    if (!isScalar(value)) this.#removesValues = true;
    else if (isShown(value, reveal)) this.#values.add(value);
    else return "the value is redacted: --reveal includes it";
    return undefined;
  }

  /** Returns the operations in the order in which they must be applied. */
  build(): Operation[] {
    return [
      ...this.#removeMissing("required"),
      ...this.#removeMissing("x-essential"),
      ...this.#addFields(),
      ...this.#addTypes(),
      ...this.#addValues(),
    ];
  }

  /** Starts at the end of the list, so that no removal shifts an entry that a later operation names. */
  #removeMissing(keyword: "required" | "x-essential"): Operation[] {
    const names = this.location.node[keyword] ?? [];
    return names
      .flatMap((name, index): Operation[][] => {
        if (!this.#missing.has(name)) return [];
        const path = this.#pointerTo(`/${keyword}/${index}`);
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

  #addFields(): Operation[] {
    const nodes = [...this.#fields].map(([name, { observed, firstSeen }]) => {
      const node = observed.toNode(`Not documented; first seen ${firstSeen.slice(0, 10)}.`);
      return [name, { ...node, "x-provenance": "observed" }] as const;
    });
    if (nodes.length === 0) return [];
    if (this.location.node.properties === undefined) {
      return [{ op: "add", path: this.#pointerTo("/properties"), value: Object.fromEntries(nodes) }];
    }
    return nodes.map(([name, value]) => {
      return { op: "add", path: this.#pointerTo(`/properties${pointerStep(name)}`), value };
    });
  }

  #addTypes(): Operation[] {
    const { type } = this.location.node;
    const allowed = typesOf(this.location.node) ?? [];
    const added = this.#types.types;
    if (added.length === 0 || type === undefined) return [];
    const path = this.#pointerTo("/type");
    const operations: Operation[] = [
      { op: "test", path, value: type },
      { op: "replace", path, value: typeKeyword([...allowed, ...added]) },
    ];
    // A field for an array or object needs `x-personal` once it may also contain a scalar.
    const hasPersonal = this.location.node["x-personal"] !== undefined || allowed.some(mayBePersonal);
    if (!hasPersonal && added.some(mayBePersonal)) {
      operations.push({ op: "add", path: this.#pointerTo("/x-personal"), value: UNKNOWN_PERSONAL });
    }
    return operations;
  }

  #addValues(): Operation[] {
    const known = valuesOf(this.location.node);
    if (known === undefined || (this.#values.size === 0 && !this.#removesValues)) return [];
    const isConst = Object.hasOwn(this.location.node, "const");
    const path = this.#pointerTo(isConst ? "/const" : "/enum");
    const removal: Operation[] = [
      { op: "test", path, value: isConst ? known[0] : known },
      { op: "remove", path },
    ];
    if (this.#removesValues) return [...removal, ...this.#setUnknownPersonal()];
    if (isConst) return [...removal, { op: "add", path: this.#pointerTo("/enum"), value: [...known, ...this.#values] }];
    return [...this.#values].map((value) => ({ op: "add", path: `${path}/-`, value }));
  }

  /** Without a list of values, `x-personal: false` is no longer allowed. */
  #setUnknownPersonal(): Operation[] {
    if (this.location.node["x-personal"] !== false) return [];
    return [{ op: "replace", path: this.#pointerTo("/x-personal"), value: UNKNOWN_PERSONAL }];
  }

  #pointerTo(suffix: string): string {
    return this.location.pointer + suffix;
  }
}
