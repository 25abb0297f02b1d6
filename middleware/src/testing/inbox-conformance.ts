import type { Inbox, StoredPush } from "../inbox/inbox.js";
import { silent, storedPush } from "./stored-push.js";

/** One law that every inbox keeps. `run` rejects when it is broken. */
export interface ConformanceCase {
  readonly name: string;
  run(): Promise<void>;
}

/** How the suite makes inboxes. */
export interface ConformanceOptions {
  /** Makes an inbox over an empty store; with `again` over the store of the last one, which was closed. It is to retry within 100 ms. */
  make(again: boolean): Inbox | Promise<Inbox>;
  /** How long a law may take to show. Milliseconds; default 5,000. */
  timeoutMs?: number;
}

const about = (subject: string, body: string): StoredPush => storedPush({ subject, body: Buffer.from(body) });

/**
 * The laws of an {@link Inbox} as test cases, for any test runner.
 * @example
 * for (const { name, run } of inboxConformance({ make: () => new MyInbox() })) test(name, run);
 */
export function inboxConformance({ make, timeoutMs = 5_000 }: ConformanceOptions): ConformanceCase[] {
  const until = async (holds: () => boolean, what: string): Promise<void> => {
    const end = Date.now() + timeoutMs;
    while (!holds()) {
      if (Date.now() > end) throw new Error(`Not so after ${timeoutMs} ms: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const law = (name: string, run: () => Promise<void>): ConformanceCase => ({ name, run });

  return [
    law("a push that was put is handed out, with the exact bytes", async () => {
      const inbox = await make(false);
      const seen: StoredPush[] = [];
      inbox.consume((push) => void seen.push(push), silent);
      const push = about("a", '{ "odd" : "\\/ 1.0 😀" }');
      await inbox.put(push);
      await until(() => seen.length === 1, "the push is handed out");
      await inbox.close(1_000);
      if (seen[0]?.id !== push.id || !seen[0].body.equals(push.body))
        throw new Error("Another id or other bytes were handed out.");
    }),
    law("a push whose handling fails is handed out again, with a higher attempt", async () => {
      const inbox = await make(false);
      const attempts: number[] = [];
      inbox.consume((_, { number }) => {
        attempts.push(number);
        if (attempts.length < 3) throw new Error("not yet");
      }, silent);
      await inbox.put(about("a", "{}"));
      await until(() => attempts.length === 3, "three tries");
      await inbox.close(1_000);
      if (attempts.join() !== "1,2,3") throw new Error(`Attempts were ${attempts.join()}.`);
    }),
    law("pushes of one subject are handed out one after the other, in order", async () => {
      const inbox = await make(false);
      const seen: string[] = [];
      let running = 0;
      let overlapped = false;
      inbox.consume(async ({ body }, { number }) => {
        overlapped ||= running > 0;
        running++;
        await new Promise((resolve) => setTimeout(resolve, 2));
        running--;
        if (body.toString() === "2" && number === 1) throw new Error("not yet");
        seen.push(body.toString());
      }, silent);
      for (const body of ["1", "2", "3", "4"]) await inbox.put(about("a", body));
      await until(() => seen.length === 4, "four pushes are handled");
      await inbox.close(1_000);
      if (overlapped || seen.join() !== "1,2,3,4")
        throw new Error(`Handled ${seen.join()}${overlapped ? ", two at once" : ""}.`);
    }),
    law("what was not done at its closing is handed out by the next, and what was done is not", async () => {
      const first = await make(false);
      const done: string[] = [];
      let started = 0;
      first.consume(({ body }) => {
        started++;
        return body.toString() === "done" ? void done.push("done") : new Promise(() => undefined);
      }, silent);
      await first.put(about("a", "done"));
      await until(() => done.length === 1, "the first push is handled");
      await first.put(about("b", "open"));
      await until(() => started === 2, "the second push is handed out");
      await first.close(10);
      const second = await make(true);
      const seen: string[] = [];
      second.consume(({ body }) => void seen.push(body.toString()), silent);
      await until(() => seen.length > 0, "the open push is handed out");
      await new Promise((resolve) => setTimeout(resolve, 50));
      await second.close(1_000);
      if (seen.join() !== "open") throw new Error(`Handed out ${seen.join()}.`);
    }),
  ];
}
