import { randomBytes } from "node:crypto";

/** Ids of one process share it; no other process has it. */
const PROCESS = randomBytes(6).toString("hex");
let last = 0;
let count = 0;
let time = "";

/** A new push id: unique whatever the clock does, also across processes, and sortable by time. */
export function newPushId(now: number = Date.now()): string {
  if (now > last) {
    last = now;
    count = 0;
    time = now.toString(36).padStart(9, "0");
  }
  return `${time}${(count++).toString(36).padStart(4, "0")}${PROCESS}`;
}
