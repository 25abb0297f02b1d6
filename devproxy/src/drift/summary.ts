import { describePush } from "airudder-webhooks";
import { Changes, type SchemaPatch } from "./changes.js";
import { type DriftGroup, Gathering } from "./group.js";
import type { RecordedPush } from "./pushes.js";
import { shownPath } from "./reveal.js";
import { type SchemaSource, Schemas } from "./schemas.js";
import { statedType } from "./stated-type.js";
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

/** Whoever has the package alone cannot decide what handlers need: a broken push proposes nothing to them. */
const QUARANTINED = "the push is quarantined, because it lacks what handlers need";

/**
 * Sums up where pushes differ from their schemas, and how the schemas would have to change.
 * @param options.schemas what the pushes are measured by, and what the patches refer to
 * @param options.reveal shows values that the schema does not list, and names that are not field names. Default: `false`
 * @throws DevproxyError `bad_schema`
 */
export async function summarizeDrift(
  pushes: AsyncIterable<RecordedPush> | Iterable<RecordedPush>,
  { schemas: source, reveal = false }: { schemas: SchemaSource; reveal?: boolean },
): Promise<DriftSummary> {
  const schemas = new Schemas(source);
  const changes = new Changes();
  const gatherings = new Map<string, Gathering>();
  const counts = { pushes: 0, drifting: 0, unmeasured: 0, copies: 0 };
  for await (const push of pushes) {
    if (push.isCopy) {
      counts.copies++;
      continue;
    }
    counts.pushes++;
    const { type, schema, payload = {}, quarantined, drift } = describePush(push.body, push.headers, statedType(push));
    if (schema === undefined) {
      counts.unmeasured++;
      continue;
    }
    if (source.isPublished && !quarantined && drift.length === 0) continue;
    let drifts = false;
    walk(schemas, schemas.ofPush(schema), payload, "", (found: Difference) => {
      const difference = { ...found, path: shownPath(found.path, reveal) };
      drifts = true;
      const key = `${type} ${difference.kind} ${difference.path}`;
      const gathering = gatherings.get(key) ?? new Gathering(type, difference);
      gatherings.set(key, gathering);
      const isBroken = quarantined && source.isPublished === true;
      const uncovered = isBroken ? QUARANTINED : changes.add(difference, push.at, reveal);
      gathering.add(push, difference, uncovered);
    });
    if (drifts) counts.drifting++;
  }
  const groups = [...gatherings.values()].map((gathering) => gathering.finish(reveal));
  return { ...counts, groups: groups.sort(byFrequency), patches: changes.patches() };
}

function byFrequency(a: DriftGroup, b: DriftGroup): number {
  return b.count - a.count || compare(a.type, b.type) || compare(a.path, b.path) || compare(a.kind, b.kind);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
