import { pushCount } from "./format.js";

/** The line about pushes that were dropped while a command read them. */
export function droppedLine(count: number): string {
  return `${pushCount(count)} skipped: --keep of the running listen dropped ${count === 1 ? "it" : "them"} meanwhile.`;
}
