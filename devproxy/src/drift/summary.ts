import { measurePush } from "airudder-webhooks/inspect";
import { Changes, type SchemaPatch } from "./changes.js";
import { type DriftGroup, DriftGroupBuilder } from "./group.js";
import type { RecordedPush } from "./pushes.js";
import { shownPath } from "./reveal.js";
import { type SchemaSource, Schemas } from "./schemas.js";
import { type Difference, walk } from "./walk.js";

/** The drift of many pushes. */
export interface DriftSummary {
  /** How many pushes were looked at: copies are not. */
  readonly pushes: number;
  /** How many of them differ from their schema. */
  readonly drifting: number;
  /** How many are of no known type, or no JSON object: there is no schema to measure them by. */
  readonly unmeasured: number;
  /** How many were left out, since they are replays or test pushes. */
  readonly copies: number;
  /** Each drift once, most frequent first. */
  readonly groups: readonly DriftGroup[];
  /** The schema changes that cover it: with them applied, every push is as its schema says, but for what is `uncovered`. */
  readonly patches: readonly SchemaPatch[];
}

const QUARANTINED = "the push is quarantined, because it lacks what handlers need";

/** What pushes are measured by, and how it is shown. */
export interface DriftOptions {
  /** What the pushes are measured by, and what the patches refer to. */
  schemas: SchemaSource;
  /** Shows values that the schema does not list, and names that are not field names. Default: `false`. */
  reveal?: boolean;
  /** Leaves quarantined pushes out of the patches: one broken push must not loosen a schema. Default: `false`. */
  skipQuarantined?: boolean;
}

/**
 * Sums up where pushes differ from their schemas, and how the schemas would have to change.
 * @throws DevproxyError `bad_schema`
 */
export async function summarizeDrift(
  pushes: AsyncIterable<RecordedPush> | Iterable<RecordedPush>,
  options: DriftOptions,
): Promise<DriftSummary> {
  const tally = new DriftTally(options);
  for await (const push of pushes) tally.add(push);
  return tally.finish();
}

/** A push that has a schema. */
interface Measured {
  type: string;
  schema: string;
  payload: object;
  quarantined: boolean;
}

/** Sums up the drift of pushes, one after the other. */
export class DriftTally {
  readonly #schemas: Schemas;
  readonly #changes = new Changes();
  readonly #gatherings = new Map<string, DriftGroupBuilder>();
  readonly #counts = { pushes: 0, drifting: 0, unmeasured: 0, copies: 0 };
  readonly #isPublished: boolean;
  readonly #reveal: boolean;
  readonly #skipQuarantined: boolean;

  constructor({ schemas, reveal = false, skipQuarantined = false }: DriftOptions) {
    this.#schemas = new Schemas(schemas);
    this.#isPublished = schemas.isPublished === true;
    this.#reveal = reveal;
    this.#skipQuarantined = skipQuarantined;
  }

  /** @throws DevproxyError `bad_schema` */
  add(push: RecordedPush): void {
    if (push.isCopy) {
      this.#counts.copies++;
      return;
    }
    this.#counts.pushes++;
    const measure = measurePush(push.body, push.headers, push);
    const { schema, payload = {}, quarantined, drift } = measure;
    if (schema === undefined) this.#counts.unmeasured++;
    else if (!this.#isPublished || quarantined || drift.length > 0) this.#walk(push, { ...measure, schema, payload });
  }

  #walk(push: RecordedPush, { type, schema, payload, quarantined }: Measured): void {
    let drifts = false;
    walk(this.#schemas, this.#schemas.ofPush(schema), payload, "", (found: Difference) => {
      const difference = { ...found, path: shownPath(found.path, this.#reveal) };
      drifts = true;
      const key = `${type} ${difference.kind} ${difference.path}`;
      const gathering = this.#gatherings.get(key) ?? new DriftGroupBuilder(type, difference);
      this.#gatherings.set(key, gathering);
      const isBroken = quarantined && this.#skipQuarantined;
      const uncovered = isBroken ? QUARANTINED : this.#changes.add(difference, push.at, this.#reveal);
      gathering.add(push, difference, uncovered);
    });
    if (drifts) this.#counts.drifting++;
  }

  finish(): DriftSummary {
    const groups = [...this.#gatherings.values()].map((gathering) => gathering.finish(this.#reveal));
    return { ...this.#counts, groups: groups.sort(byFrequency), patches: this.#changes.patches() };
  }
}

function byFrequency(a: DriftGroup, b: DriftGroup): number {
  return b.count - a.count || compare(a.type, b.type) || compare(a.path, b.path) || compare(a.kind, b.kind);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
