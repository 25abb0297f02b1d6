export {
  type Job,
  type JobOptions,
  type NextRun,
  type Run,
  Scheduler,
  type SchedulerOptions,
} from "../work/scheduler.js";
export {
  type AttemptLimits,
  type AttemptResult,
  Attempts,
  AttemptTimeout,
  type RetryDelays,
  retryDelayMs,
} from "./attempts.js";
export {
  type Attempt,
  type Consumed,
  type Consumer,
  type DeadPush,
  type Inbox,
  type InboxCapabilities,
  type InboxEvents,
  type InboxState,
  Quarantined,
  type RecoveredPush,
  type StoredPush,
} from "./inbox.js";
export type { InboxQuery, PushState } from "./query.js";
