import type { CallDetail } from "./detail.js";
import { parseTime } from "./time.js";
import { transcript } from "./transcript.js";

/** What the network said of a number that could not be talked to. */
const NOT_REACHED = ["busy", "cantuse", "switchoff", "outofarea", "unregister", "wrongnum"];

/**
 * Whether the callee answered. `true` where something was said by the callee, a round of talk was counted, or a finished call rang
 * normally and has the time at which it was connected; `false` where the network said why not; `undefined` where the payload does not
 * say. `HangupType` tells nothing: its initial value, `ByRobot`, stands in calls that were never connected.
 *
 * Fields of the vendor's page on call completion: `Status`, `RingType`, `CallStartTime`, `TalkRound`, `AsrResult`.
 * @example const reached = payload.Details.filter((detail) => isAnswered(detail) === true);
 */
export function isAnswered(detail: CallDetail): boolean | undefined {
  const { Status, RingType, TalkRound, CallStartTime } = detail;
  if (transcript(detail).some(({ speaker }) => speaker === "callee")) return true;
  if (typeof TalkRound === "number" && TalkRound > 0) return true;
  if (typeof RingType === "string" && NOT_REACHED.includes(RingType)) return false;
  if (RingType === "normal" && Status === "finished" && parseTime(CallStartTime) !== undefined) return true;
  return undefined;
}
