import { OUTCOMES, type OutcomeName } from "./outcomes.js";
import type { Random } from "./random.js";
import type { Contact } from "./workflow.js";

/** One dial of a number. Times are those of the campaign, ms. */
export interface Dial {
  readonly callId: string;
  readonly outcome: OutcomeName;
  readonly startMs: number;
  /** When the phone begins to ring; `undefined` if it does not ring. */
  readonly ringMs: number | undefined;
  /** When ringing, or a dial without ringing, ends: the contact answers, or the dial has failed. */
  readonly endMs: number;
}

/** Outcomes of the dials before the one that is answered. */
const FAILED: readonly OutcomeName[] = ["no-answer", "busy"];

/**
 * The outcome of each dial of a contact's number, in order. A number that is not reached uses all redials. A contact who answers may
 * answer any dial.
 */
export function dialOutcomes({ outcome }: Contact, maxRedials: number, random: Random): OutcomeName[] {
  if (outcome !== "answered") return new Array<OutcomeName>(maxRedials + 1).fill(outcome);
  const failed = Array.from({ length: random.between(0, maxRedials) }, () => random.pick(FAILED));
  return [...failed, "answered"];
}

export function makeDial(outcome: OutcomeName, startMs: number, random: Random): Dial {
  const callId = random.id();
  const connectedMs = startMs + random.between(1_000, 3_000);
  if (!OUTCOMES[outcome].rings) return { callId, outcome, startMs, ringMs: undefined, endMs: connectedMs };
  const ringing = outcome === "no-answer" ? random.between(20_000, 30_000) : random.between(3_000, 15_000);
  return { callId, outcome, startMs, ringMs: connectedMs, endMs: connectedMs + ringing };
}

/** Seconds of ringing; 0 if the phone did not ring. */
export function ringSeconds({ ringMs, endMs }: Dial): number {
  return ringMs === undefined ? 0 : Math.round((endMs - ringMs) / 1_000);
}
