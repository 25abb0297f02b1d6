import { randomBytes } from "node:crypto";

const process = randomBytes(5).toString("hex");
let last = 0;
let count = 0;
let time = "";

/** A new push id: unique across processes, and sortable by time. */
export function newPushId(now: number = Date.now()): string {
  if (now !== last) {
    last = now;
    count = 0;
    time = now.toString(36).padStart(9, "0");
  }
  return `${time}${(count++).toString(36).padStart(4, "0")}${process}`;
}
