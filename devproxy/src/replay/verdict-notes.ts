import type { NoteEvent } from "../events.js";
import { type Row, statusOf } from "../journal/index.js";
import { type Edits, setsField } from "./edit.js";
import { type AppResult, isInconclusive, type Verdict } from "./verdict.js";

/** The code and the message of the note that explains a verdict. */
const NOTES_BY_VERDICT: ReadonlyMap<Verdict, [code: string, message: string]> = new Map([
  [
    "accepted, handling unknown",
    [
      "handling_unknown",
      "The app accepted pushes without reporting whether a handler succeeded: upgrade airudder-webhooks in the app, or check that --to is the URL of the right app.",
    ],
  ],
  [
    "stored, not handled",
    [
      "stored_not_handled",
      "The app stored pushes and did not run their handlers for the replay: its inbox does not support replays.",
    ],
  ],
  [
    "duplicate",
    [
      "duplicate",
      "The app treated pushes as duplicates and did not run their handlers: upgrade airudder-webhooks in the app, or start it without NODE_ENV=production.",
    ],
  ],
  [
    "refused replay",
    [
      "replay_refused",
      "The app rejects replays (403 replay_not_allowed): it accepts them only from loopback addresses, and never if NODE_ENV starts with prod. To accept them from every peer, set allowReplays: true in a test environment. A process that only stores (work: false) rejects all: replay to one that handles pushes.",
    ],
  ],
]);

/** How to fix what an app rejects, by the code of its response. */
const REJECTIONS: ReadonlyMap<string, string> = new Map([
  ["bad_token", "The app rejects the token (bad_token): set AIRUDDER_TOKEN to the token of its receiver."],
  ["bad_sign", "The app rejects the signature (bad_sign): use --key with the app's key to sign the pushes again."],
]);

/** How to fix a rejected signature that the user gave. */
const BAD_SIGN = {
  key: "The app rejects the signature (bad_sign): the key of --key is not the app's key.",
  set: "The app rejects the signature (bad_sign): the Sign of --set is not valid for the app's key. Without it, --key signs the pushes.",
};

/**
 * The notes that explain the codes of error responses.
 * @param signedBy what the user signed the pushes with: `--key`, or a `Sign` of `--set`
 */
export function rejectionNotes(codes: ReadonlySet<string>, signedBy?: keyof typeof BAD_SIGN): NoteEvent[] {
  return [...REJECTIONS].flatMap(([code, advice]) => {
    const message = code === "bad_sign" && signedBy !== undefined ? BAD_SIGN[signedBy] : advice;
    return codes.has(code) ? [{ event: "note", code, message }] : [];
  });
}

/** What the edits sign the pushes with, for {@link rejectionNotes}. */
export function signedBy(edits: Edits): keyof typeof BAD_SIGN | undefined {
  if (setsField(edits, "Sign")) return "set";
  return edits.key === undefined ? undefined : "key";
}

/** Collects the verdicts of a replay, and explains those that require the user to act. */
export class VerdictNotes {
  readonly #counts = new Map<Verdict, number>();
  readonly #ignoredTypes = new Set<string>();
  readonly #codes = new Set<string>();
  #hasUnreportedResult = false;
  #noResponseCount = 0;
  #stillDeadCount = 0;

  /** @param edits the edits of the pushes */
  constructor(private readonly edits: Edits) {}

  /** Adds one verdict. */
  add(row: Row, { status, code, outcome }: AppResult, verdict: Verdict): void {
    this.#counts.set(verdict, (this.#counts.get(verdict) ?? 0) + 1);
    if (verdict === "ignored") this.#ignoredTypes.add(row.push.type);
    if (status === null) this.#noResponseCount++;
    if (code !== undefined) this.#codes.add(code);
    if (status !== null && outcome === undefined && !isInconclusive(verdict)) this.#hasUnreportedResult = true;
    if (verdict === "fixed" && row.push.source === "inbox" && statusOf(row) === "dead") this.#stillDeadCount++;
  }

  /** The notes, each on one line. Call it after the last `add`. */
  notes(): NoteEvent[] {
    const found: NoteEvent[] = [];
    const note = (code: string, message: string) => found.push({ event: "note", code, message });
    if (this.#hasUnreportedResult) {
      note(
        "verdicts_by_response",
        "The app does not report what its handlers did, so these verdicts only compare its responses. Apps that use airudder-webhooks report it.",
      );
    }
    for (const [verdict, [code, message]] of NOTES_BY_VERDICT) if (this.#counts.has(verdict)) note(code, message);
    if (this.#noResponseCount > 0)
      note(
        "no_response",
        "The app did not respond: start it. In scripts, --wait 30s waits until it accepts connections.",
      );
    found.push(...rejectionNotes(this.#codes, signedBy(this.edits)));
    if (this.#counts.has("ignored")) {
      const types = [...this.#ignoredTypes].sort().join(", ");
      note("ignored", `The app has no handler for ${types}: register one, or use --type to replay only another type.`);
    }
    if (this.#stillDeadCount > 0) {
      note(
        "still_dead",
        `A replay does not change an inbox. Still dead there: ${this.#stillDeadCount} of these pushes. Run "airudder-devproxy dead --retry all" to handle them.`,
      );
    }
    return found;
  }
}
