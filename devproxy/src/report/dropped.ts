import { pushCount } from "./format.js";

/** The line about pushes that a running `listen` removed while a command read the journal. */
export function droppedLine(count: number): string {
  return `${pushCount(count)} missing: the running listen removed ${count === 1 ? "it" : "them"} because of --keep.`;
}
