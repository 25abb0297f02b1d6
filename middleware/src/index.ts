export { airudder, type Receiver } from "./airudder.js";
export {
  describePush,
  measurePush,
  type ParsedHeaders,
  type ParsedPush,
  type ParsedPushOf,
  type PushDescription,
  type PushMeasure,
  parsePush,
} from "./describe.js";
export { AirudderError, type AirudderErrorCode, type ErrorEvidence } from "./errors.js";
export { type Condition, catalogue, type PushSchema, type Rule } from "./generated/catalogue.js";
export type * from "./generated/types.js";
export { fileInbox } from "./inbox/file/file.js";
export type { FileInboxOptions } from "./inbox/file/options.js";
export type { DeadPush, Inbox, InboxState } from "./inbox/inbox.js";
export { type HeaderMap, JournalError, type LockOwner } from "./journal/index.js";
export type { AirudderEvent, Observer } from "./observe/events.js";
export { type Replace, replaceQuoted } from "./observe/quoted.js";
export { CHANNEL } from "./observe/recorder.js";
export type { Quantiles } from "./observe/stats.js";
export type { AirudderOptions } from "./options.js";
export { isAnswered } from "./payload/answered.js";
export { type CallTimes, callTimes, talkSeconds } from "./payload/call-times.js";
export type { CallDetail as CallDetailLike } from "./payload/detail.js";
export { type DialerBody, type DialerPayload, dialerBody } from "./payload/dialer.js";
export { hangupReason } from "./payload/hangup-reason.js";
export { newestState, type StatePayload, stateTime } from "./payload/newest.js";
export { phone, type Subject, subject } from "./payload/subject.js";
export { pushTime } from "./payload/time.js";
export { type Turn, transcript } from "./payload/transcript.js";
export type { HeaderSignVerifier } from "./push/authenticate.js";
export type { Drift } from "./push/drift.js";
export { newPushId } from "./push/id.js";
export { identify } from "./push/identify.js";
export type { Push, PushOf, QuarantinedPush } from "./push/push.js";
export { DEFAULT_KEY, sign, verifySign } from "./push/sign.js";
export type { Handler, HandlerContext, HandlerMap, PushFor } from "./receiver/handlers.js";
export type { Stats } from "./receiver/stats.js";
