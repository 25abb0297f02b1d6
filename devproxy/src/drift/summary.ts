import { findMismatches, type PathStyle, validatePush } from "airudder-webhooks/inspect";
import { type DriftGroup, DriftGroupBuilder } from "./group.js";
import type { RecordedPush } from "./pushes.js";
import { pathStyle } from "./reveal.js";
import { type SchemaPatch, SchemaPatchBuilder } from "./schema-patches.js";
import { type SchemaSource, Schemas } from "./schemas.js";

/** The drift of many pushes. */
export interface DriftSummary {
  /** Number of pushes, without replays. */
  readonly pushes: number;
  /** Number of pushes that differ from their schema. */
  readonly drifting: number;
  /** Number of pushes that no schema describes: their type is unknown, or they are not JSON objects. */
  readonly withoutSchema: number;
  /** Number of replays, and test pushes of `doctor`, which are left out. */
  readonly replays: number;
  /** The most frequent first. */
  readonly groups: readonly DriftGroup[];
  /** The schema patches. With them applied, every push matches its schema, except for what is `uncovered`. */
  readonly patches: readonly SchemaPatch[];
}

const QUARANTINED = "the push is quarantined, because it lacks what handlers need";

/** Settings of a drift summary. */
export interface DriftOptions {
  /** The schemas that pushes are compared with, and that the patches change. */
  schemas: SchemaSource;
  /** Shows values that the schema does not list, and names that are not field names. Default: `false`. */
  reveal?: boolean;
  /** Leaves quarantined pushes out of the patches, so that one broken push does not loosen a schema. Default: `false`. */
  skipQuarantined?: boolean;
}

/**
 * Summarizes where pushes differ from their schemas, and how the schemas would have to change.
 * @throws DevproxyError `bad_schema`
 */
export async function summarizeDrift(
  pushes: AsyncIterable<RecordedPush> | Iterable<RecordedPush>,
  options: DriftOptions,
): Promise<DriftSummary> {
  const builder = new DriftSummaryBuilder(options);
  for await (const push of pushes) builder.add(push);
  return builder.build();
}

/** A push that has a schema. */
interface PushWithSchema {
  type: string;
  schema: string;
  payload: object;
  quarantined: boolean;
}

/** Builds a summary from pushes. */
export class DriftSummaryBuilder {
  readonly #schemas: Schemas;
  readonly #patches = new SchemaPatchBuilder();
  readonly #groups = new Map<string, DriftGroupBuilder>();
  readonly #counts = { pushes: 0, drifting: 0, withoutSchema: 0, replays: 0 };
  readonly #isPublished: boolean;
  readonly #reveal: boolean;
  readonly #style: PathStyle;
  readonly #skipQuarantined: boolean;

  constructor({ schemas, reveal = false, skipQuarantined = false }: DriftOptions) {
    this.#schemas = new Schemas(schemas);
    this.#isPublished = schemas.isPublished === true;
    this.#reveal = reveal;
    this.#style = pathStyle(reveal);
    this.#skipQuarantined = skipQuarantined;
  }

  /** @throws DevproxyError `bad_schema` */
  add(push: RecordedPush): void {
    if (push.isReplay) {
      this.#counts.replays++;
      return;
    }
    this.#counts.pushes++;
    const validation = validatePush(push.body, push.headers, push);
    const { schema, payload = {}, quarantined, drift } = validation;
    if (schema === undefined) this.#counts.withoutSchema++;
    else if (!this.#isPublished || quarantined || drift.length > 0)
      this.#compare(push, { ...validation, schema, payload });
  }

  #compare(push: RecordedPush, { type, schema, payload, quarantined }: PushWithSchema): void {
    const mismatches = findMismatches(this.#schemas.get(schema), payload, this.#style);
    if (mismatches.length > 0) this.#counts.drifting++;
    for (const mismatch of mismatches) {
      const { kind, path, expected } = mismatch;
      const key = `${type} ${kind} ${path}`;
      const group = this.#groups.get(key) ?? new DriftGroupBuilder({ type, path, kind, expected });
      this.#groups.set(key, group);
      const isSkipped = quarantined && this.#skipQuarantined;
      const uncovered = isSkipped ? QUARANTINED : this.#patches.add(mismatch, push.at, this.#reveal);
      group.add(push, mismatch, uncovered);
    }
  }

  build(): DriftSummary {
    const groups = [...this.#groups.values()].map((group) => group.build(this.#reveal));
    return { ...this.#counts, groups: groups.sort(byFrequency), patches: this.#patches.build() };
  }
}

function byFrequency(a: DriftGroup, b: DriftGroup): number {
  return b.count - a.count || byText(a.type, b.type) || byText(a.path, b.path) || byText(a.kind, b.kind);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
