import type { RetentionRule } from "../config/index.js";
import { isFromInbox, type Row } from "./journal-index.js";
import { isPending } from "./status.js";
import type { Store } from "./store.js";

const DAY_MS = 86_400_000;
const MIN_PUSHES = 10;

/** Whether a segment that holds so many pushes, the first of that age, is to be closed, so that it can be dropped in time. */
export function isFull(keep: RetentionRule, pushes: number, ageMs: number): boolean {
  return "ms" in keep
    ? ageMs >= Math.min(DAY_MS, keep.ms / 10)
    : pushes >= Math.max(MIN_PUSHES, Math.ceil(keep.pushes / 10));
}

/** Marks of finished pushes of an inbox. Earlier versions wrote `done` instead of `handled`. */
const FINISHED: ReadonlySet<string> = new Set(["handled", "ignored", "dropped", "done"]);

/** Whether a push is still on its way: to the app, or in an inbox to its handler. */
function isNeeded(row: Row, store: Store): boolean {
  const isOpen = isFromInbox(row) && !FINISHED.has(row.mark?.state ?? "");
  return isOpen || store.inDelivery.has(row) || isPending(row);
}

/** The segments that may go: the oldest ones, up to the first that is not old or holds a push that is needed. Never the newest. */
export function segmentsToDrop(store: Store, keep: RetentionRule, now = Date.now()): number[] {
  const closed = store.segments().slice(0, -1);
  const needed = new Set<number>();
  const counts = new Map<number, number>();
  for (const row of store.index.rows) {
    const { segment } = row.location;
    counts.set(segment, (counts.get(segment) ?? 0) + 1);
    if (!needed.has(segment) && isNeeded(row, store)) needed.add(segment);
  }
  let left = store.index.rows.length;
  const dropped: number[] = [];
  for (const { segment, lastAt } of closed) {
    left -= counts.get(segment) ?? 0;
    const isOld = "ms" in keep ? (lastAt ?? 0) < now - keep.ms : left >= keep.pushes;
    if (!isOld || needed.has(segment)) break;
    dropped.push(segment);
  }
  return dropped;
}

/** Drops what need not be kept. Gives the number of pushes that went. */
export async function applyRetention(store: Store, keep: RetentionRule): Promise<number> {
  const before = store.index.rows.length;
  for (const segment of segmentsToDrop(store, keep)) await store.drop(segment);
  return before - store.index.rows.length;
}
