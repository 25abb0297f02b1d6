import type { Inbox, InboxState } from "../inbox/inbox.js";
import type { Recorder } from "../observe/recorder.js";
import type { Counts } from "../observe/stats.js";

/** Counts since the receiver was created, and the state of its inbox. */
export interface Stats extends Counts {
  /** The state of the inbox; absent in direct mode, or if the inbox has no `state()`. */
  readonly inbox?: InboxState;
}

/** The result of `receiver.stats()`. Never throws. */
export function statsOf(recorder: Recorder, inbox: Inbox | undefined): Stats {
  const state = stateOf(inbox);
  return state === undefined ? recorder.counts() : { ...recorder.counts(), inbox: state };
}

/** The state of the inbox. An inbox whose `state()` throws counts as not open. */
function stateOf(inbox: Inbox | undefined): InboxState | undefined {
  try {
    return inbox?.state?.();
  } catch {
    return { open: false, queued: 0, oldest: undefined, dead: 0 };
  }
}
