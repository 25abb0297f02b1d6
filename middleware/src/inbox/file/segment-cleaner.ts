import type { Content, Journal, JournalError, NewHead, PushHead } from "../../journal/index.js";
import { headOf } from "./records.js";
import type { UnfinishedPush, UnfinishedPushes } from "./unfinished.js";

/** A segment is held by its last pushes until so many closed ones stand behind it. */
const SEGMENTS_HELD = 2;
/** So much is carried at a time, bytes: what it takes of memory, and what a close waits for. */
const CARRIED_AT_ONCE = 4 * 1024 * 1024;

/**
 * Removes segments whose pushes are all finished. It always removes the oldest one, because a mark is never in an earlier segment than its
 * push.
 *
 * Unfinished pushes, such as dead ones, do not block this forever: the sweeper appends their lines again ("carries" them). It does so only
 * if that frees at least as many bytes as it writes, so a backlog is not rewritten repeatedly. The journal keeps the files of damaged
 * segments.
 */
export class SegmentCleaner {
  #sweeping: Promise<void> | undefined;
  #stopped = false;

  constructor(
    private readonly journal: Journal,
    private readonly ledger: UnfinishedPushes,
  ) {
    journal.onRefused = () => this.clean();
  }

  /** Removes what can be removed, in the background. */
  clean(): void {
    if (this.#sweeping !== undefined || !this.#canSweep()) return;
    this.#sweeping = this.#sweep()
      .catch(() => undefined) // the next finished push starts another sweep
      .finally(() => {
        this.#sweeping = undefined;
      });
  }

  /** Ends what goes on in the background, as soon as a line is whole. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#sweeping;
  }

  #canSweep(): boolean {
    if (this.#stopped) return false;
    const closed = this.journal.droppable();
    const [oldest] = closed;
    if (oldest === undefined) return false;
    if (this.ledger.openBytes(oldest.segment) === 0) return true;
    if (closed.length <= SEGMENTS_HELD) return false;
    let open = 0;
    let bytes = 0;
    for (const state of closed) {
      open += this.ledger.openBytes(state.segment);
      bytes += state.bytes;
    }
    return bytes >= 2 * open;
  }

  async #sweep(): Promise<void> {
    while (this.#canSweep()) {
      const { segment } = this.journal.droppable()[0] as { segment: number };
      for (const items of chunks(this.ledger.itemsIn(segment))) {
        if (this.#stopped) return;
        const lines = await Promise.all(items.map((item) => this.#read(item)));
        await Promise.all(items.map((item, i) => this.#carry(item, lines[i] as Line)));
      }
      if (this.ledger.openBytes(segment) > 0) return;
      await this.journal.drop(segment);
      this.ledger.forget(segment);
    }
  }

  /** The line to append for an item. If its line on disk is damaged: its push in memory, or else a head only, so that it stays listed. */
  async #read(item: UnfinishedPush): Promise<Line> {
    const { place, push } = item;
    try {
      const { head, content } = await this.journal.read(place);
      if (head.kind === "push" && head.id === item.id) return { head, content };
      this.journal.noteDamage(place, "the line is that of another push");
    } catch (error) {
      if (!((error as JournalError).cause instanceof SyntaxError)) throw error;
    }
    if (push === undefined) return { head: remainsOf(item) };
    return {
      head: { ...(headOf(push) as PushHead), seq: item.seq },
      content: { headers: push.headers, body: push.body },
    };
  }

  async #carry(item: UnfinishedPush, { head, content }: Line): Promise<void> {
    const { place } = await this.journal.append({ ...head, carried: true } as NewHead, content);
    const at = new Date().toISOString();
    if (item.finished !== undefined) {
      // Finished while it was carried: the mark must not be in an earlier segment than the copy.
      await this.journal.append({ kind: "mark", push: item.id, at, state: item.finished });
      return;
    }
    this.ledger.move(item, place);
    const { dead, failures: attempt, error, isRetry } = item;
    if (dead === undefined && attempt === 0 && !isRetry) return;
    await this.journal.append({
      kind: "mark",
      push: item.id,
      at,
      state: dead ?? (attempt === 0 ? "retry" : "failed"),
      attempt,
      ...(error === undefined ? {} : { error }),
    });
  }
}

interface Line {
  readonly head: NewHead;
  readonly content?: Content | undefined;
}

/** The head of a push whose line is damaged. It has no body, and no digest, so that a later copy is not a duplicate. */
function remainsOf({ id, type, receivedAt, subject, seq }: UnfinishedPush): NewHead {
  const head: NewHead = {
    kind: "push",
    id,
    seq,
    at: receivedAt.toISOString(),
    method: "POST",
    url: "/",
    type,
    verified: false,
    source: "inbox",
    size: 0,
    sha256: "",
  };
  if (subject !== undefined) head.subject = subject;
  return head;
}

function chunks(items: readonly UnfinishedPush[]): UnfinishedPush[][] {
  const all: UnfinishedPush[][] = [];
  let bytes = CARRIED_AT_ONCE;
  for (const item of items) {
    if (bytes >= CARRIED_AT_ONCE) {
      all.push([]);
      bytes = 0;
    }
    all.at(-1)?.push(item);
    bytes += item.place.length;
  }
  return all;
}
