import type { Filters } from "../journal/index.js";

/** Which pushes to replay, and how. Plain JSON, so that it can be sent to a running `listen`. */
export interface ReplayRequest {
  /** `#12`, `12`, long ids, ranges `3..7`. */
  ids?: string[];
  /** Maximum number of pushes: the newest that match. */
  last?: number;
  filters?: Filters;
  /** URL of the app. Default: the target of the newest live delivery. */
  to?: string;
  /** Divides the original times between pushes: 1 keeps them. `max` sends without delays. Default: `max`. */
  speed?: number | "max";
  /** Maximum number of parallel requests; pushes of one subject stay sequential. Default: 1, with a numeric `speed` 16. */
  concurrency?: number;
  /** Edits, `path=value`. */
  set?: string[];
  /** Signs every push that carries a `Sign` again with this key. */
  key?: string;
  /** The key agreed with Airudder. Without `key`, it signs pushes again whose `TaskID` is set. Default: the vendor's public key. */
  agreedKey?: string;
  /** Expected statuses: `2xx` or `200,404`. */
  expect?: string;
  /** How long to wait until the app accepts connections, such as `30s`. Default: send at once. */
  wait?: string;
  /** Shows personal data in the errors of handlers. Default: false. */
  reveal?: boolean;
}
