import { randomBytes } from "node:crypto";

/** Part of every id of this process, different in each process. */
const PROCESS = randomBytes(6).toString("hex");
let last = 0;
let count = 0;
let time = "";

/** A new push id. Ids sort by time and are unique across processes, even if the clock is set back. */
export function newPushId(now: number = Date.now()): string {
  if (now > last) {
    last = now;
    count = 0;
    time = timePart(now);
  }
  return `${time}${(count++).toString(36).padStart(4, "0")}${PROCESS}`;
}

/** The beginning of the ids of a time. Every later id sorts after it. @param time milliseconds since 1970 */
function timePart(time: number): string {
  return time.toString(36).padStart(9, "0");
}

/** Maximum time from the creation of a push's id to its `receivedAt`. Milliseconds. */
const MAX_ID_AGE_MS = 60_000;

/** A lower bound of the ids of all pushes that were received at a time or later. */
export function firstIdSince(since: Date): string {
  return timePart(Math.max(0, since.getTime() - MAX_ID_AGE_MS));
}
