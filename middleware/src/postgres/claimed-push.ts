import type { StoredPush } from "../inbox/inbox.js";
import type { Job } from "../work/scheduler.js";
import type { Leased } from "./leases.js";
import type { Mark } from "./mark-queue.js";
import { type ClaimedRow, pushOf, subjectColumn } from "./push-row.js";

/** A push that this process has claimed, until its result is recorded. */
export interface ClaimedPush extends Job, Leased {
  readonly push: StoredPush;
  /** The subject as it is stored. */
  readonly subjectColumn: string | null;
  /** Number of failed attempts. */
  readonly attempts: number;
  readonly isRetry: boolean;
  /** Error of the last failed attempt. */
  readonly error: string | null;
  /** Whether an earlier attempt may have ended its process. A suspect runs alone: no other attempt runs in its process meanwhile. */
  readonly isSuspect: boolean;
  /** Whether the last attempt ran alone until its lease expired. That attempt counts as failed. */
  readonly isInterrupted: boolean;
  /** Whether its attempt runs alone, and `start_alone` has recorded that. */
  isAlone: boolean;
  /** Whether its mark is queued, or was committed in the transaction of its handler. */
  isMarked: boolean;
  /** Whether it waits until a handler is registered. */
  isHeld: boolean;
}

const INITIAL = { isAlone: false, isMarked: false, isHeld: false };

/** A push that this process has just stored, for its first attempt. */
export function newClaimedPush(push: StoredPush, lease: string): ClaimedPush {
  return {
    id: push.id,
    lease,
    subject: push.subject,
    push,
    subjectColumn: subjectColumn(push.subject),
    attempts: 0,
    isRetry: false,
    error: null,
    isSuspect: false,
    isInterrupted: false,
    ...INITIAL,
  };
}

/** A push that the SQL function `claim` returned. */
export function claimedPushOf(row: ClaimedRow, lease: string): ClaimedPush {
  const push = pushOf(row);
  return {
    id: row.id,
    lease,
    subject: push.subject,
    push,
    subjectColumn: row.subject,
    attempts: row.attempts,
    isRetry: row.is_retry,
    error: row.error,
    isSuspect: row.was_expired || row.was_alone !== null,
    isInterrupted: row.was_expired && row.was_alone === "started",
    ...INITIAL,
  };
}

/** A mark without the columns that identify its push. */
export type AttemptMark = Pick<Mark, "state" | "attempts"> & Partial<Mark>;

export function markOf(
  { id, lease, subjectColumn: subject }: Pick<ClaimedPush, "id" | "lease" | "subjectColumn">,
  mark: AttemptMark,
): Mark {
  return { error: null, alone: null, delayMs: 0, ...mark, id, lease, subject };
}
