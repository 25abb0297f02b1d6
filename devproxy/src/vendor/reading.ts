/** How many times Airudder sends a push whose attempts all fail. The documentation allows both interpretations. */
export const DELIVERIES = ["5", "6"] as const;
/** Which responses count as received: only 200, or every 2xx. Not documented. */
export const ACCEPTS = ["200", "2xx"] as const;
export type Accepts = (typeof ACCEPTS)[number];

/** Airudder's time limit for the whole response, ms. Documented for call completion. */
export const TIME_LIMIT_MS = 10_000;
/** Airudder's delay between a failed attempt and the next one, ms. */
const RETRY_DELAY_MS = 60_000;

/** What the documentation says about retries, by type. The pages of the other types say nothing. */
const DOCUMENTED: Readonly<Record<string, { deliveries: number; allows: string }>> = {
  "call.completed": { deliveries: 6, allows: "5 retries" },
  "dialer.task": { deliveries: 5, allows: "5 attempts" },
  "dialer.agent": { deliveries: 5, allows: "5 attempts" },
};

/** How to interpret the documentation where it is ambiguous or incomplete. All are optional. */
export interface ReadingOptions {
  /** Number of attempts, including the first. Default: as documented for the type, or for a similar type. */
  deliveries?: number | undefined;
  /** Which responses count as received. Default: `200`. */
  accepts?: Accepts | undefined;
  /** Divides the time limit and the delay: with 60, minutes become seconds. Default: 1. */
  timeScale?: number | undefined;
  /** Whether `timeScale` also divides the time limit. Default: true. */
  scalesTimeLimit?: boolean | undefined;
}

/** The number of attempts to deliver a push of a type, and why. */
export interface DeliveriesReading {
  type: string;
  deliveries: number;
  /** Where the number comes from. `documented`: the page of the type; `assumed`: the page of a similar type; `flag`: the caller. */
  source: "documented" | "assumed" | "flag";
  /** What the documentation allows, if `source` is `documented`: retries, or attempts. */
  allows?: string;
  /** The type whose page was used, if `source` is `assumed`. */
  like?: string;
}

/** How the documentation is interpreted. Can be printed as JSON. */
export interface VendorReading {
  /** For each type that is sent. */
  deliveries: DeliveriesReading[];
  accepts: Accepts;
  /** Time limit for the whole response, ms. Scaled, unless `scalesTimeLimit` is false. */
  timeLimitMs: number;
  /** Delay between a failed attempt and the next one, scaled, ms. */
  retryDelayMs: number;
  timeScale: number;
  /** It is unknown whether Airudder follows redirects. */
  followsRedirects: false;
}

/**
 * Interprets the vendor's documentation for the types of the pushes to send.
 * @example vendorReading(["call.completed"], { timeScale: 60 }).retryDelayMs // 1000
 */
export function vendorReading(
  types: Iterable<string>,
  { deliveries, accepts = "200", timeScale = 1, scalesTimeLimit = true }: ReadingOptions = {},
): VendorReading {
  return {
    deliveries: [...new Set(types)].map((type) => deliveriesReading(type, deliveries)),
    accepts,
    timeLimitMs: TIME_LIMIT_MS / (scalesTimeLimit ? timeScale : 1),
    retryDelayMs: RETRY_DELAY_MS / timeScale,
    timeScale,
    followsRedirects: false,
  };
}

function deliveriesReading(type: string, deliveries: number | undefined): DeliveriesReading {
  if (deliveries !== undefined) return { type, deliveries, source: "flag" };
  const documented = Object.hasOwn(DOCUMENTED, type) ? DOCUMENTED[type] : undefined;
  if (documented !== undefined) return { type, source: "documented", ...documented };
  const like = type.startsWith("dialer.") ? "dialer.task" : "call.completed";
  return { type, deliveries: DOCUMENTED[like]?.deliveries ?? 6, source: "assumed", like };
}
