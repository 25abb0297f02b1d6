import type { Content, Journal, JournalError, NewHead, PushHead } from "../../journal/index.js";
import { headOf } from "./records.js";
import type { UnfinishedPush, UnfinishedPushes } from "./unfinished.js";

/** Unfinished pushes keep a segment in place until more than this number of segments are closed. */
const MAX_KEPT_SEGMENTS = 2;
/** Maximum bytes of pushes that are read and rewritten together. Limits the memory, and how long `stop` takes. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

/**
 * Removes segments whose pushes are all finished. It always removes the oldest one, because a mark is never in an earlier segment than its
 * push.
 *
 * Unfinished pushes, such as dead ones, do not block this forever: the cleaner rewrites them, which means that it appends their lines again.
 * It does so only if that frees at least as many bytes as it writes, so a backlog is not rewritten repeatedly. The journal keeps the files
 * of damaged segments.
 */
export class SegmentCleaner {
  #cleaning: Promise<void> | undefined;
  #isStopped = false;

  constructor(
    private readonly journal: Journal,
    private readonly pushes: UnfinishedPushes,
  ) {
    journal.onAppendFailed = () => this.clean();
  }

  /** Removes what can be removed, in the background. */
  clean(): void {
    if (this.#cleaning !== undefined || !this.#canClean()) return;
    this.#cleaning = this.#clean()
      .catch(() => undefined) // the next finished push starts it again
      .finally(() => {
        this.#cleaning = undefined;
      });
  }

  /** Stops cleaning. Resolves when no line is partly written. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#cleaning;
  }

  #canClean(): boolean {
    if (this.#isStopped) return false;
    const closed = this.journal.droppable();
    const [oldest] = closed;
    if (oldest === undefined) return false;
    if (this.pushes.bytesToRewrite(oldest.segment) === 0) return true;
    if (closed.length <= MAX_KEPT_SEGMENTS) return false;
    let unfinished = 0;
    let bytes = 0;
    for (const state of closed) {
      unfinished += this.pushes.bytesToRewrite(state.segment);
      bytes += state.bytes;
    }
    return bytes >= 2 * unfinished;
  }

  async #clean(): Promise<void> {
    while (this.#canClean()) {
      const { segment } = this.journal.droppable()[0] as { segment: number };
      for (const batch of batches(this.pushes.inSegment(segment))) {
        if (this.#isStopped) return;
        const lines = await Promise.all(batch.map((push) => this.#read(push)));
        await Promise.all(batch.map((push, i) => this.#rewrite(push, lines[i] as Line)));
      }
      if (this.pushes.bytesToRewrite(segment) > 0) return;
      await this.journal.drop(segment);
      this.pushes.forgetSegment(segment);
    }
  }

  /** The line to append. If the line on disk is damaged: the push in memory, or else a head without a body, so that it stays listed. */
  async #read(push: UnfinishedPush): Promise<Line> {
    const { location, stored } = push;
    try {
      const { head, content } = await this.journal.read(location);
      if (head.kind === "push" && head.id === push.id) return { head, content };
      this.journal.reportDamage(location, "the line is that of another push");
    } catch (error) {
      if (!((error as JournalError).cause instanceof SyntaxError)) throw error;
    }
    if (stored === undefined) return { head: headWithoutBody(push) };
    return {
      head: { ...(headOf(stored) as PushHead), seq: push.seq },
      content: { headers: stored.headers, body: stored.body },
    };
  }

  async #rewrite(push: UnfinishedPush, { head, content }: Line): Promise<void> {
    const { location } = await this.journal.append({ ...head, carried: true } as NewHead, content);
    const at = new Date().toISOString();
    if (push.finished !== undefined) {
      // Finished in the meantime: its mark must not be in an earlier segment than the new line.
      await this.journal.append({ kind: "mark", push: push.id, at, state: push.finished });
      return;
    }
    this.pushes.move(push, location);
    const { dead, failures: attempt, error, isRetry } = push;
    if (dead === undefined && attempt === 0 && !isRetry) return;
    await this.journal.append({
      kind: "mark",
      push: push.id,
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

/** The head of a push whose line is damaged. Its digest is empty, so that no later push is its duplicate. */
function headWithoutBody({ id, type, receivedAt, subject, seq }: UnfinishedPush): NewHead {
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

function batches(pushes: readonly UnfinishedPush[]): UnfinishedPush[][] {
  const all: UnfinishedPush[][] = [];
  let bytes = MAX_BATCH_BYTES;
  for (const push of pushes) {
    if (bytes >= MAX_BATCH_BYTES) {
      all.push([]);
      bytes = 0;
    }
    all.at(-1)?.push(push);
    bytes += push.location.length;
  }
  return all;
}
