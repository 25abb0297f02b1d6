import type { Damage } from "airudder-webhooks/journal";

/** Sums up the damage of a journal: what the records held is nobody's to print. */
export class DamageTally {
  readonly #segments = new Map<number, { count: number; offset: number }>();

  /** Takes up a record that could not be read. */
  add({ segment, offset }: Damage): void {
    const known = this.#segments.get(segment);
    if (known === undefined) this.#segments.set(segment, { count: 1, offset });
    else {
      known.count++;
      known.offset = Math.min(known.offset, offset);
    }
  }

  /** A line for each damaged segment. @param isThere whether a segment still exists; others are left out */
  lines(isThere: (segment: number) => boolean = () => true): string[] {
    const present = [...this.#segments].filter(([segment]) => isThere(segment)).sort(([a], [b]) => a - b);
    return present.map(([segment, { count, offset }]) => {
      const records = count === 1 ? "1 record is" : `${count.toLocaleString("en")} records are`;
      return `Segment ${segment} of the journal is damaged at byte ${offset}${count === 1 ? "" : " and after"}: ${records} skipped.`;
    });
  }
}
