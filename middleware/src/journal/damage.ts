import type { Damage } from "./records.js";

/**
 * Describes the damage of a journal in sentences: one line for each damaged segment, in the order of the segments. The lines contain no data
 * of the records.
 * @param damage what `onDamage` was called with
 * @example
 * const damage: Damage[] = [];
 * await readJournal(".airudder", { onDamage: (one) => damage.push(one) });
 * for (const line of describeDamage(damage)) console.error(line);
 * // Segment 3 of the journal is damaged at byte 120 and after: 2 records are skipped.
 */
export function describeDamage(damage: Iterable<Damage>): string[] {
  const segments = new Map<number, { count: number; offset: number }>();
  for (const { segment, offset } of damage) {
    const known = segments.get(segment);
    segments.set(segment, { count: (known?.count ?? 0) + 1, offset: Math.min(known?.offset ?? offset, offset) });
  }
  return [...segments]
    .sort(([a], [b]) => a - b)
    .map(([segment, { count, offset }]) => {
      const records = count === 1 ? "1 record is" : `${count.toLocaleString("en")} records are`;
      return `Segment ${segment} of the journal is damaged at byte ${offset}${count === 1 ? "" : " and after"}: ${records} skipped.`;
    });
}
