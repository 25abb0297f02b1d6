import { randomBytes } from "node:crypto";

const process = randomBytes(5).toString("hex");
let last = 0;
let count = 0;

/** A new push id: unique across processes, and sortable by time. */
export function newPushId(now: number = Date.now()): string {
  count = now === last ? count + 1 : 0;
  last = now;
  return `${now.toString(36).padStart(9, "0")}${count.toString(36).padStart(4, "0")}${process}`;
}
