import { pushCount } from "./format.js";

/** Reports pushes that a running `listen` dropped while a command read the journal. */
export function droppedLine(count: number): string {
  return `${pushCount(count)} skipped: --keep of the running listen dropped ${count === 1 ? "it" : "them"} meanwhile.`;
}
