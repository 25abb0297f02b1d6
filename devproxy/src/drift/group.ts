import { type JsonType, jsonType } from "./json-type.js";
import { isScalar, isShown, type Scalar } from "./reveal.js";
import { valuesOf } from "./schema.js";
import type { Difference, DriftKind } from "./walk.js";

/** So many pushes of a group are named. */
const MOST_NAMED = 3;

/** One drift, over all pushes that have it. */
export interface DriftGroup {
  readonly type: string;
  /** JSON pointer into the payload; indexes of arrays, and free keys, are `*`. */
  readonly path: string;
  readonly kind: DriftKind;
  /** How many pushes have it. */
  readonly count: number;
  /** When the first and the last of them came, ISO 8601. */
  readonly first: string;
  readonly last: string;
  /** The first few of them: `#12`, or `line 12` of a file. */
  readonly pushes: readonly string[];
  /** What the schema says. */
  readonly expected: string;
  /** The JSON types that came; none for a missing field. */
  readonly got: readonly JsonType[];
  /** The values that came where the schema lists values, without those that are hidden. */
  readonly values: readonly Scalar[];
  /** How many other values came there. */
  readonly hidden: number;
  /** Why the schema change leaves some of it out. */
  readonly uncovered?: string;
}

/** Gathers a group. */
export class DriftGroupBuilder {
  #count = 0;
  #first = "";
  #last = "";
  #latest: object | undefined;
  readonly #pushes: string[] = [];
  readonly #got = new Set<JsonType>();
  readonly #values = new Set<Scalar>();
  #uncovered: string | undefined;

  constructor(
    private readonly type: string,
    private readonly difference: Difference,
  ) {}

  /** Takes up one more difference of the group; a push that has several counts once. */
  add(push: { label: string; at: string }, { kind, place, value }: Difference, uncovered: string | undefined): void {
    if (push !== this.#latest) {
      this.#latest = push;
      this.#count++;
      if (this.#pushes.length < MOST_NAMED) this.#pushes.push(push.label);
      if (this.#first === "" || push.at < this.#first) this.#first = push.at;
      if (push.at > this.#last) this.#last = push.at;
    }
    this.#uncovered ??= uncovered;
    if (kind === "missing_field") return;
    this.#got.add(jsonType(value));
    if (kind !== "unknown_field" && isScalar(value) && valuesOf(place.node) !== undefined) this.#values.add(value);
  }

  finish(reveal: boolean): DriftGroup {
    const { kind, path, expected } = this.difference;
    const values = [...this.#values].filter((value) => isShown(value, reveal));
    return {
      type: this.type,
      path,
      kind,
      count: this.#count,
      first: this.#first,
      last: this.#last,
      pushes: this.#pushes,
      expected,
      got: [...this.#got],
      values,
      hidden: this.#values.size - values.length,
      ...(this.#uncovered === undefined ? {} : { uncovered: this.#uncovered }),
    };
  }
}
