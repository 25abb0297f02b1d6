import type { NoteEvent } from "../events.js";
import type { Row } from "../journal/rows.js";
import { statusOf } from "../journal/status.js";
import type { Result, Verdict } from "./verdict.js";

/** Explains, once per replay, what its verdicts cannot prove and how to change that. */
export class Hints {
  readonly #counts = new Map<Verdict, number>();
  readonly #ignoredTypes = new Set<string>();
  #isSilent = false;
  #deadInInbox = 0;

  /** Adds one verdict. */
  add(row: Row, { status, outcome }: Result, verdict: Verdict): void {
    this.#counts.set(verdict, (this.#counts.get(verdict) ?? 0) + 1);
    if (verdict === "ignored") this.#ignoredTypes.add(row.push.type);
    if (status !== null && outcome === undefined && verdict !== "refused replay") this.#isSilent = true;
    if (verdict === "fixed" && row.push.source === "inbox" && statusOf(row) === "dead") this.#deadInInbox++;
  }

  /** The notes, one line each. */
  notes(): NoteEvent[] {
    const found: NoteEvent[] = [];
    const note = (code: string, message: string) => found.push({ event: "note", code, message });
    if (this.#isSilent) {
      note(
        "verdicts_by_response",
        "The app does not report what its handlers did, so these verdicts compare its responses. airudder-webhooks reports it.",
      );
    }
    if (this.#counts.has("accepted, handling unknown")) {
      note(
        "handling_unknown",
        "The app accepted pushes without reporting whether a handler succeeded: upgrade airudder-webhooks in the app.",
      );
    }
    if (this.#counts.has("stored, not handled")) {
      note(
        "stored_not_handled",
        "The app stored pushes and did not run their handlers for the replay: its inbox does not support replays.",
      );
    }
    if (this.#counts.has("duplicate")) {
      note(
        "duplicate",
        "The app treated pushes as duplicates and did not run their handlers: upgrade airudder-webhooks in the app, or start it without NODE_ENV=production.",
      );
    }
    if (this.#counts.has("refused replay")) {
      note(
        "replay_refused",
        "The app rejects replays (403 replay_not_allowed): it accepts them only from loopback addresses, and never if NODE_ENV starts with prod. To accept them from every peer, set allowReplays: true in a test environment.",
      );
    }
    if (this.#counts.has("ignored")) {
      const types = [...this.#ignoredTypes].sort().join(", ");
      note("ignored", `The app has no handler for ${types}: register one, or leave the type out with --type.`);
    }
    if (this.#deadInInbox > 0) {
      note(
        "still_dead",
        `A replay does not change an inbox: ${this.#deadInInbox} of these pushes are still dead there. Run "airudder-devproxy dead --retry all" to handle them.`,
      );
    }
    return found;
  }
}
