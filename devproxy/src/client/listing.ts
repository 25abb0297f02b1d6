import type { Filters, Row } from "../journal/index.js";

/** A request of `list` to a running `listen`. */
export interface ListingRequest {
  filters: Filters;
  /** Maximum number of pushes. The newest ones are listed. */
  last: number;
}

/** Response of a running `listen`, from its index in memory. */
export interface Listing {
  /** The pushes that match, oldest first. */
  rows: Row[];
  /** Number of pushes that match. */
  matching: number;
  /** Number of pushes in the journal. */
  total: number;
  /** Lines about damaged segments. */
  damage: string[];
}

/** Maximum number of pushes that `listen` lists. For more, `list` reads the journal, so that live pushes do not wait. */
export const MAX_LISTED = 1_000;
