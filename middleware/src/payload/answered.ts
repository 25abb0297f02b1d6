import type { CallDetailLike } from "./call-detail-like.js";
import { pushTime } from "./time.js";
import { transcript } from "./transcript.js";

/**
 * Values that the network reports for a number that it could not reach. `holdline` and `notmatch` are left out on purpose: the docs do not
 * say what they mean, and a line on hold may have been answered.
 */
const NOT_REACHED = ["busy", "cantuse", "switchoff", "outofarea", "unregister", "wrongnum"];

/**
 * Whether the callee answered.
 *
 * - `true` if the callee said something, a round of talk was counted, or a finished call rang normally and has a start time.
 * - `false` if the network reported why the number could not be reached.
 * - `undefined` if the payload does not show it. `RingType` `normal` alone is no evidence: the vendor's own example redials such a call.
 *   `holdline` and `notmatch` are no evidence either, because their meaning is not documented. Nor is `HangupType`: its initial value
 *   `ByRobot` remains for numbers that never connected.
 *
 * Fields of the vendor's page on call completion: `Status`, `RingType`, `CallStartTime`, `TalkRound`, `AsrResult`.
 * @example const reached = payload.Details.filter((detail) => isAnswered(detail) === true);
 */
export function isAnswered(detail: CallDetailLike): boolean | undefined {
  const { Status, RingType, TalkRound, CallStartTime } = detail;
  if (transcript(detail).some(({ speaker }) => speaker === "callee")) return true;
  if (typeof TalkRound === "number" && TalkRound > 0) return true;
  if (typeof RingType === "string" && NOT_REACHED.includes(RingType)) return false;
  if (RingType === "normal" && Status === "finished" && pushTime(CallStartTime, { zone: "+00:00" })) return true;
  return undefined;
}
