import type { RingType } from "airudder-webhooks";
import type schema from "./campaign.schema.json";

/** How all calls to a contact end. */
export type OutcomeName = keyof typeof schema.properties.mix.properties;

/** How an outcome appears in pushes. */
export interface Outcome {
  /** `RingType` in `call.completed`. */
  readonly ringType: RingType;
  /** `hangupReason` in `dialer.contact`. */
  readonly hangupReason: number;
  /** Whether the phone rings. */
  readonly rings: boolean;
}

/**
 * Only values that the vendor documents, or that receivers are known to read. `normal` and 2 are no evidence that a person answered. The docs
 * have no `RingType` for voicemail.
 */
export const OUTCOMES: Readonly<Record<OutcomeName, Outcome>> = {
  answered: { ringType: "normal", hangupReason: 12, rings: true },
  "no-answer": { ringType: "normal", hangupReason: 2, rings: true },
  busy: { ringType: "busy", hangupReason: 3, rings: false },
  "switched-off": { ringType: "switchoff", hangupReason: 6, rings: false },
  "out-of-area": { ringType: "outofarea", hangupReason: 7, rings: false },
  "not-in-use": { ringType: "cantuse", hangupReason: 4, rings: false },
  "on-hold": { ringType: "holdline", hangupReason: 5, rings: false },
  unregistered: { ringType: "unregister", hangupReason: 8, rings: false },
  "wrong-number": { ringType: "wrongnum", hangupReason: 9, rings: false },
  voicemail: { ringType: "normal", hangupReason: 16, rings: true },
};

export const OUTCOME_NAMES = Object.keys(OUTCOMES) as readonly OutcomeName[];

export function isOutcomeName(word: string): word is OutcomeName {
  return Object.hasOwn(OUTCOMES, word);
}
