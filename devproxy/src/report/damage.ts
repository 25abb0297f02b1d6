import type { Damage } from "airudder-webhooks/journal";
import { pushCount, thousands } from "./format.js";

/** Counts the damaged records of a journal per segment. Their content is never printed. */
export class DamageTally {
  readonly #segments = new Map<number, { count: number; offset: number }>();

  /** Adds a record that could not be read. */
  add({ segment, offset }: Damage): void {
    const known = this.#segments.get(segment);
    if (known === undefined) this.#segments.set(segment, { count: 1, offset });
    else {
      known.count++;
      known.offset = Math.min(known.offset, offset);
    }
  }

  /**
   * One line per damaged segment.
   * @param exists whether a segment still exists; others are omitted. Default: all exist
   */
  lines(exists: (segment: number) => boolean = () => true): string[] {
    const present = [...this.#segments].filter(([segment]) => exists(segment)).sort(([a], [b]) => a - b);
    return present.map(([segment, { count, offset }]) => {
      const records = count === 1 ? "1 record is" : `${thousands(count)} records are`;
      return `Segment ${segment} of the journal is damaged at byte ${offset}${count === 1 ? "" : " and after"}: ${records} skipped.`;
    });
  }
}

/** Reports pushes that a running `listen` dropped while a command read the journal. */
export function droppedLine(count: number): string {
  return `${pushCount(count)} skipped: --keep of the running listen dropped ${count === 1 ? "it" : "them"} meanwhile.`;
}
