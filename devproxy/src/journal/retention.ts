import type { RetentionRule } from "../config/index.js";
import { isFromInbox } from "./journal-index.js";
import type { Row } from "./row.js";
import { isPending } from "./status.js";
import type { Store } from "./store.js";

const DAY_MS = 86_400_000;
/** Minimum number of pushes in a segment, for a rule that limits the number of pushes. */
const MIN_PUSHES = 10;

/**
 * Whether the active segment should be closed, so that it can be dropped in time. A segment contains about a tenth of what the rule keeps.
 * @param pushes number of pushes in the segment
 * @param ageMs age of its first push, milliseconds
 */
export function isSegmentFull(rule: RetentionRule, pushes: number, ageMs: number): boolean {
  return "ms" in rule
    ? ageMs >= Math.min(DAY_MS, rule.ms / 10)
    : pushes >= Math.max(MIN_PUSHES, Math.ceil(rule.pushes / 10));
}

/** Marks of finished pushes of an inbox. Earlier versions wrote `done` instead of `handled`. */
const FINISHED: ReadonlySet<string> = new Set(["handled", "ignored", "dropped", "done"]);

/** Whether a push is unfinished: it is being delivered, waits for the app, or its inbox has not finished it. */
function isUnfinished(row: Row, store: Store): boolean {
  const isUnfinishedInInbox = isFromInbox(row) && !FINISHED.has(row.mark?.state ?? "");
  return isUnfinishedInInbox || store.inDelivery.has(row) || isPending(row);
}

/** The segments to drop, oldest first. Stops before the first one that is too new or contains an unfinished push. Never the newest. */
export function segmentsToDrop(store: Store, rule: RetentionRule, now = Date.now()): number[] {
  const closed = store.segments().slice(0, -1);
  const unfinished = new Set<number>();
  const counts = new Map<number, number>();
  for (const row of store.index.rows) {
    const { segment } = row.location;
    counts.set(segment, (counts.get(segment) ?? 0) + 1);
    if (!unfinished.has(segment) && isUnfinished(row, store)) unfinished.add(segment);
  }
  let remaining = store.index.rows.length;
  const toDrop: number[] = [];
  for (const { segment, lastAt } of closed) {
    remaining -= counts.get(segment) ?? 0;
    const isOld = "ms" in rule ? (lastAt ?? 0) < now - rule.ms : remaining >= rule.pushes;
    if (!isOld || unfinished.has(segment)) break;
    toDrop.push(segment);
  }
  return toDrop;
}

/** Drops old segments. Returns the number of dropped pushes. */
export async function applyRetention(store: Store, rule: RetentionRule): Promise<number> {
  const before = store.index.rows.length;
  for (const segment of segmentsToDrop(store, rule)) await store.drop(segment);
  return before - store.index.rows.length;
}
