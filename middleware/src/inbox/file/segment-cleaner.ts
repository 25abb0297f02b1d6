import type { Content, Journal, JournalError, NewHead, PushHead } from "../../journal/index.js";
import { headOf } from "./records.js";
import type { UnfinishedPush, UnfinishedPushes } from "./unfinished.js";

/** Maximum number of closed segments that remain because of unfinished pushes. With more, the cleaner rewrites these pushes. */
const MAX_UNFINISHED_SEGMENTS = 2;
/** Maximum bytes of pushes that are read and rewritten together. Limits the memory use, and the duration of `stop`. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

/**
 * Drops segments whose pushes are all finished. It always drops the oldest segment first, because a mark is never in an earlier segment
 * than its push.
 *
 * A segment may contain pushes that stay unfinished for a long time, such as dead ones. The cleaner rewrites them: it appends their
 * records again, then drops the segment. It rewrites only if that frees at least as many bytes as it writes, so a backlog is not rewritten
 * repeatedly. The journal keeps the files of damaged segments.
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

  /** Starts to drop segments in the background, if any can be dropped. Does nothing while it is already running. */
  clean(): void {
    if (this.#cleaning !== undefined || !this.#canClean()) return;
    this.#cleaning = this.#clean()
      .catch(() => undefined) // the next finished push starts it again
      .finally(() => {
        this.#cleaning = undefined;
      });
  }

  /** Stops cleaning. Resolves when the current batch has been rewritten. */
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
    if (closed.length <= MAX_UNFINISHED_SEGMENTS) return false;
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
        const records = await Promise.all(batch.map((push) => this.#read(push)));
        await Promise.all(batch.map((push, i) => this.#rewrite(push, records[i] as RewrittenRecord)));
      }
      if (this.pushes.bytesToRewrite(segment) > 0) return;
      await this.journal.drop(segment);
      this.pushes.forgetSegment(segment);
    }
  }

  /**
   * Reads the record to append. If it is damaged on disk, uses the push in memory. If there is none, uses a head without a body, so that the
   * push stays in the list of dead pushes.
   */
  async #read(push: UnfinishedPush): Promise<RewrittenRecord> {
    const { location, stored } = push;
    try {
      const { head, content } = await this.journal.read(location);
      if (head.kind === "push" && head.id === push.id) return { head, content };
      this.journal.reportDamage(location, "the record is that of another push");
    } catch (error) {
      if (!((error as JournalError).cause instanceof SyntaxError)) throw error;
    }
    if (stored === undefined) return { head: headWithoutBody(push) };
    return {
      head: { ...(headOf(stored) as PushHead), seq: push.seq },
      content: { headers: stored.headers, body: stored.body },
    };
  }

  async #rewrite(push: UnfinishedPush, { head, content }: RewrittenRecord): Promise<void> {
    const { location } = await this.journal.append({ ...head, carried: true } as NewHead, content);
    const at = new Date().toISOString();
    if (push.finished !== undefined) {
      // Finished in the meantime: its mark must not be in an earlier segment than the new record.
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

/** A record that is appended again. */
interface RewrittenRecord {
  readonly head: NewHead;
  readonly content?: Content | undefined;
}

/** Creates the head for a push whose record is damaged. Its SHA-256 is empty, so that no later push is its duplicate. */
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

/** Divides pushes into groups of about `MAX_BATCH_BYTES`. */
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
