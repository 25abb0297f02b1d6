import type { DriftKind } from "airudder-webhooks/inspect";
import { type JsonType, jsonType } from "./json-type.js";
import { isScalar, isShown, type Scalar } from "./reveal.js";
import { valuesOf } from "./schema.js";
import type { SchemaMismatch } from "./schemas.js";

/** Maximum number of pushes that a group names. */
const MAX_NAMED = 3;

/** One kind of drift at one path, over all pushes that have it. */
export interface DriftGroup {
  readonly type: string;
  /** JSON pointer into the payload. `*` stands for the index of an array, and for a key that the schema does not name. */
  readonly path: string;
  readonly kind: DriftKind;
  /** Number of pushes that have it. */
  readonly count: number;
  /** When the first and the last of them were received, ISO 8601. */
  readonly first: string;
  readonly last: string;
  /** The first few of them: `#12`, or `line 12` of a file. */
  readonly pushes: readonly string[];
  /** What the schema requires. */
  readonly expected: string;
  /** The JSON types of the received values; empty for a missing field. */
  readonly got: readonly JsonType[];
  /** The received values, if the schema lists values, without redacted ones. */
  readonly values: readonly Scalar[];
  /** Number of redacted values. */
  readonly hidden: number;
  /** Why the schema patch does not cover all of it. */
  readonly uncovered?: string;
}

/** Builds a group from its mismatches. */
export class DriftGroupBuilder {
  #count = 0;
  #first = "";
  #last = "";
  #lastPush: object | undefined;
  readonly #pushes: string[] = [];
  readonly #got = new Set<JsonType>();
  readonly #values = new Set<Scalar>();
  #uncovered: string | undefined;

  constructor(private readonly group: Pick<DriftGroup, "type" | "path" | "kind" | "expected">) {}

  /**
   * Adds a mismatch. Counts a push only once, however many mismatches of the group it has.
   * @param uncovered why the schema patch does not cover the mismatch; `undefined` if it does
   */
  add(
    push: { label: string; at: string },
    { kind, source, value }: SchemaMismatch,
    uncovered: string | undefined,
  ): void {
    if (push !== this.#lastPush) {
      this.#lastPush = push;
      this.#count++;
      if (this.#pushes.length < MAX_NAMED) this.#pushes.push(push.label);
      if (this.#first === "" || push.at < this.#first) this.#first = push.at;
      if (push.at > this.#last) this.#last = push.at;
    }
    this.#uncovered ??= uncovered;
    if (kind === "missing_field") return;
    this.#got.add(jsonType(value));
    if (kind !== "unknown_field" && isScalar(value) && valuesOf(source.node) !== undefined) this.#values.add(value);
  }

  build(reveal: boolean): DriftGroup {
    const { type, path, kind, expected } = this.group;
    const values = [...this.#values].filter((value) => isShown(value, reveal));
    return {
      type,
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
