import type { CallDetailLike } from "./call-detail-like.js";
import { pushTime } from "./time.js";
import { transcript } from "./transcript.js";

/**
 * Values of `RingType` for a number that the network could not reach. They do not include `holdline` and `notmatch`: the vendor's docs
 * do not explain these, and a line on hold may have been answered.
 */
const NOT_REACHED = ["busy", "cantuse", "switchoff", "outofarea", "unregister", "wrongnum"];

/**
 * Whether the callee answered.
 *
 * - `true` if the callee said something, if `TalkRound` is above 0, or if a finished call rang normally and has a start time.
 * - `false` if the network reported why it could not reach the number.
 * - `undefined` if the payload does not show it.
 *
 * Three values are no evidence:
 *
 * - `RingType` `normal` alone: the vendor's own example redials such a call.
 * - `RingType` `holdline` and `notmatch`: their meaning is not documented.
 * - `HangupType`: its initial value `ByRobot` remains for numbers that never connected.
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
