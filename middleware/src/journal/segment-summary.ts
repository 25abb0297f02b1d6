import type { Damage, SegmentSummary } from "./records.js";
import { type JournalCallbacks, scanSegment } from "./scan-segment.js";

/**
 * Returns the summary of a segment, from `loadSummary` or by scanning the segment. Reports damage in both cases.
 * @param end number of the segment's bytes that belong to the journal; default: all
 */
export async function summarize(
  dir: string,
  segment: number,
  callbacks: JournalCallbacks,
  end: number | undefined,
): Promise<SegmentSummary> {
  const { onRecord, onDamage, onSegment, loadSummary } = callbacks;
  const known = await loadSummary?.(segment, end);
  if (known !== undefined) {
    for (const damage of known.damage) onDamage?.(damage);
    return known;
  }
  const damage: Damage[] = [];
  let unknown = false;
  let nextSeq = 1;
  let lastAt: number | undefined;
  const scan = await scanSegment(
    dir,
    segment,
    {
      onDamage: (one) => {
        damage.push(one);
        onDamage?.(one);
      },
      onUnknown: () => {
        unknown = true;
      },
      onRecord: (entry) => {
        if (entry.head.kind === "push") nextSeq = Math.max(nextSeq, entry.head.seq + 1);
        lastAt = Date.parse(entry.head.at);
        onRecord?.(entry);
      },
    },
    end,
  );
  const summary: SegmentSummary = {
    segment,
    ...(end === undefined ? {} : { end }),
    bytes: scan.completeBytes,
    tornBytes: scan.tornBytes,
    nextSeq: Math.max(nextSeq, scan.head?.seq ?? 1),
    ...(lastAt === undefined ? {} : { lastAt }),
    damage,
    unknown,
  };
  onSegment?.(summary);
  return summary;
}
