import type { PushKey } from "../generated/catalogue.js";

/**
 * The ids that are stored with a push, so that tools can search for them. To store another one, add its name here. The schemas contain
 * its JSON pointer for each type.
 */
export const SEARCH_KEYS = ["task", "call", "workflow"] as const satisfies readonly PushKey[];

/** The name of an id that is stored with a push. */
export type SearchKey = (typeof SEARCH_KEYS)[number];

/** The ids that are stored with a push. */
export type SearchIds = { [key in SearchKey]?: string | undefined };

/** The values that are derived from a push and stored with it. */
export interface PushFacts extends SearchIds {
  type: string;
  /** Whether the push carried a correct signature. */
  verified: boolean;
  /** Identifies what the push is about, such as a call, agent or task. Equal for all pushes about it. */
  subject?: string | undefined;
  /** Number of drift entries, unless 0. */
  drift?: number;
  /** Set if the payload lacks what every handler of its type needs. */
  quarantined?: boolean;
}

/** Copies the facts of a push, without those that are undefined, 0 or `false`. */
export function factsOf(push: PushFacts): PushFacts {
  const { type, verified, subject, drift = 0, quarantined = false } = push;
  const facts: PushFacts = { type, verified };
  if (subject !== undefined) facts.subject = subject;
  for (const key of SEARCH_KEYS) if (push[key] !== undefined) facts[key] = push[key];
  if (drift > 0) facts.drift = drift;
  if (quarantined) facts.quarantined = true;
  return facts;
}
