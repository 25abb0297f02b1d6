import type { StoredPush } from "../inbox/inbox.js";
import type { Job } from "../work/scheduler.js";
import type { Leased } from "./leases.js";
import type { Mark } from "./mark-queue.js";
import { type ClaimedRow, pushOf } from "./push-row.js";

/** A push that this process has claimed, until its result is recorded. */
export interface ClaimedPush extends Job, Leased {
  readonly push: StoredPush;
  readonly row: ClaimedRow;
  /** Whether an earlier attempt may have ended its process. A suspect runs alone in its process. */
  readonly isSuspect: boolean;
  /** Whether the start of an attempt that runs alone is recorded. */
  isAlone: boolean;
  /** Whether its mark is queued, or was committed in the transaction of its handler. */
  isMarked: boolean;
  /** Whether it waits until a handler is registered. */
  isHeld: boolean;
}

export function claimedPush(row: ClaimedRow, lease: string): ClaimedPush {
  const push = pushOf(row);
  return {
    id: row.id,
    lease,
    subject: push.subject,
    push,
    row,
    isSuspect: row.was_expired || row.was_alone !== null,
    isAlone: false,
    isMarked: false,
    isHeld: false,
  };
}

/** A mark without the columns that identify its push. */
export type AttemptMark = Pick<Mark, "state" | "attempts"> & Partial<Mark>;

export function markOf({ id, lease, row }: ClaimedPush, mark: AttemptMark): Mark {
  return { error: null, alone: null, delayMs: 0, ...mark, id, lease, subject: row.subject };
}
