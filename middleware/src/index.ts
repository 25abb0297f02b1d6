export { airudder, type Receiver } from "./airudder.js";
export { AirudderError, type AirudderErrorCode, type ErrorEvidence } from "./errors.js";
export type * from "./generated/types.js";
export { fileInbox } from "./inbox/file/file.js";
export type { FileInboxOptions } from "./inbox/file/options.js";
export {
  type Attempt,
  type Consumer,
  type DeadPush,
  type Inbox,
  type InboxEvents,
  type InboxState,
  Quarantined,
  type RecoveredPush,
  type StoredPush,
} from "./inbox/inbox.js";
export type { HeaderMap } from "./journal/index.js";
export type { AirudderEvent, Observer } from "./observe/events.js";
export type { Quantiles, Stats } from "./observe/stats.js";
export type { AirudderOptions } from "./options.js";
export { isAnswered } from "./payload/answered.js";
export type { CallDetailLike } from "./payload/call-detail-like.js";
export { type CallTimes, callTimes, talkSeconds } from "./payload/call-times.js";
export { type DialerBody, type DialerPayload, dialerBody } from "./payload/dialer.js";
export { hangupReason } from "./payload/hangup-reason.js";
export { newestState, type StatePayload, stateTime } from "./payload/newest-state.js";
export { type PushIds, phone, pushIds } from "./payload/push-ids.js";
export { pushTime } from "./payload/time.js";
export { type Turn, transcript } from "./payload/transcript.js";
export type { HeaderSignVerifier } from "./push/authenticate.js";
export type { Drift } from "./push/drift.js";
export { identify } from "./push/identify.js";
export { type ParsedHeaders, type ParsedPush, type ParsedPushOf, parsePush } from "./push/parse-push.js";
export type { Push, PushOf, QuarantinedPush } from "./push/push.js";
export { DEFAULT_KEY, sign, verifySign } from "./push/sign.js";
export type { Handler, HandlerContext, HandlerMap, PushFor } from "./work/handlers.js";
