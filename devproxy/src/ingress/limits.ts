/** Airudder waits 10 s for an answer. */
export interface Limits {
  /** When a push is acknowledged though the app is still at work, ms. */
  answerMs: number;
  /** How long a push waits for an app that is down before it is acknowledged, ms. */
  holdMs: number;
  /** How long a sender may take for its body, ms; 8000 unless told. */
  bodyMs?: number;
}

/** The limits unless told otherwise. */
export const LIMITS: Limits = { answerMs: 9_000, holdMs: 8_000 };
