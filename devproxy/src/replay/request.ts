import type { Filters } from "../journal/filters.js";

/** What to play again and how. Plain JSON, so that a running `listen` can be asked for it. */
export interface ReplayRequest {
  /** `#12`, `12`, long ids, ranges `3..7`. */
  ids?: string[];
  /** The newest so many of what the filters leave. */
  last?: number;
  filters?: Filters;
  /** The app. The target of the newest live delivery unless told. */
  to?: string;
  /** How much faster than it was: 1 keeps the original timing. `max`, the default, does not wait at all. */
  speed?: number | "max";
  /** How many may be on their way at once; pushes about one subject never are. 1 unless told, 16 with a `speed`. */
  concurrency?: number;
  /** Edits, `path=value`. */
  set?: string[];
  /** Signs every push that carries a `Sign` again with this key. */
  key?: string;
  /** The key agreed with Airudder: signs a push again whose `TaskID` is set, if no `key` is given. Default: the vendor's public key. */
  agreedKey?: string;
  /** Statuses that are right, `2xx` or `200,404`. */
  expect?: string;
  /** How long to wait until the app accepts connections, such as `30s`. Default: send at once. */
  wait?: string;
  /** Shows personal data in the errors of handlers. Default: false. */
  reveal?: boolean;
}
