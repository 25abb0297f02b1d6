import { type Consumer, type Inbox, type InboxEvents, Quarantined, type StoredPush } from "../inbox/index.js";
import { noEvents, storedPush } from "./stored-push.js";

/** A rule of {@link Inbox} as a test case. `run` rejects if the inbox breaks the rule. */
export interface ConformanceCase {
  readonly name: string;
  run(): Promise<void>;
}

/** How the suite creates inboxes. */
export interface ConformanceOptions {
  /**
   * Creates an inbox. If `keepStorage` is true, it uses the storage of the previous inbox, which is already closed. Otherwise its
   * storage is empty. The inbox must retry a failed push at least twice, after at most 100 ms each time.
   */
  make(keepStorage: boolean): Inbox | Promise<Inbox>;
  /** Time limit of each step of a case. Milliseconds; default 5,000. */
  timeoutMs?: number;
}

const withSubject = (subject: string, body: string): StoredPush =>
  storedPush({ subject, body: Buffer.from(body), sha256: body });

/**
 * The rules of an {@link Inbox} as test cases, for any test runner.
 * @example
 * const make = (keepStorage: boolean) => new MyInbox({ folder, empty: !keepStorage });
 * for (const { name, run } of inboxConformance({ make })) test(name, run);
 */
export function inboxConformance({ make, timeoutMs = 5_000 }: ConformanceOptions): ConformanceCase[] {
  const until = async (holds: () => boolean, what: string): Promise<void> => {
    const end = Date.now() + timeoutMs;
    while (!holds()) {
      if (Date.now() > end) throw new Error(`Timeout after ${timeoutMs} ms. Expected: ${what}.`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const open = async (keepStorage: boolean, consumer?: Consumer, events: InboxEvents = noEvents): Promise<Inbox> => {
    const inbox = await make(keepStorage);
    await inbox.open(events);
    if (consumer !== undefined) inbox.consume(consumer);
    return inbox;
  };
  const put = async (inbox: Inbox, push: StoredPush): Promise<void> => {
    const result: unknown = await inbox.put(push);
    if (result !== "stored") throw new Error(`put() of a new push resolved to ${String(result)}, not to "stored".`);
  };
  const rule = (name: string, run: () => Promise<void>): ConformanceCase => ({ name, run });

  return [
    rule("a stored push is passed to the consumer with the exact bytes", async () => {
      const seen: StoredPush[] = [];
      const inbox = await open(false, (push) => void seen.push(push));
      const push = withSubject("a", '{ "odd" : "\\/ 1.0 😀" }');
      await put(inbox, push);
      await until(() => seen.length === 1, "the push is passed to the consumer");
      await inbox.close(1_000);
      if (seen[0]?.id !== push.id || !seen[0].body.equals(push.body))
        throw new Error("The consumer got another id or other bytes.");
    }),
    rule(
      "a failed push is passed to the consumer again with a higher attempt, and each failure is reported",
      async () => {
        const attempts: number[] = [];
        const reported: number[] = [];
        const inbox = await open(
          false,
          (_, { number }) => {
            attempts.push(number);
            if (attempts.length < 3) throw new Error("not yet");
          },
          { ...noEvents, failed: (_, attempt) => void reported.push(attempt) },
        );
        await put(inbox, withSubject("a", "{}"));
        await until(() => attempts.length === 3, "three attempts");
        await inbox.close(1_000);
        if (attempts.join() !== "1,2,3") throw new Error(`Attempts: ${attempts.join()}. Expected: 1,2,3.`);
        if (reported.join() !== "1,2")
          throw new Error(`Attempts reported as failed: ${reported.join()}. Expected: 1,2.`);
      },
    ),
    rule("pushes of one subject are passed to the consumer one at a time, in order", async () => {
      const seen: string[] = [];
      let running = 0;
      let overlapped = false;
      const inbox = await open(false, async ({ body }, { number }) => {
        overlapped ||= running > 0;
        running++;
        await new Promise((resolve) => setTimeout(resolve, 2));
        running--;
        if (body.toString() === "2" && number === 1) throw new Error("not yet");
        seen.push(body.toString());
      });
      for (const body of ["1", "2", "3", "4"]) await put(inbox, withSubject("a", body));
      await until(() => seen.length === 4, "four pushes are handled");
      await inbox.close(1_000);
      if (overlapped || seen.join() !== "1,2,3,4")
        throw new Error(`Handled ${seen.join()}${overlapped ? ", two in parallel" : ""}.`);
    }),
    rule("a quarantined push is not retried, and not reported as failed or dead", async () => {
      let attempts = 0;
      const reported: string[] = [];
      const inbox = await open(
        false,
        () => {
          attempts++;
          throw new Quarantined();
        },
        { ...noEvents, failed: () => void reported.push("failed"), dead: () => void reported.push("dead") },
      );
      await put(inbox, withSubject("a", "{}"));
      await until(() => attempts > 0, "the push is passed to the consumer");
      await new Promise((resolve) => setTimeout(resolve, 250));
      await inbox.close(1_000);
      if (attempts > 1) throw new Error(`A quarantined push was passed to the consumer ${attempts} times.`);
      if (reported.length > 0) throw new Error(`A quarantined push was reported as ${reported.join()}.`);
    }),
    rule("a duplicate is not passed to the consumer, if put() detects it", async () => {
      const seen: string[] = [];
      const inbox = await open(false, ({ id }) => void seen.push(id));
      await put(inbox, withSubject("a", "same"));
      const result: unknown = await inbox.put(withSubject("a", "same"));
      if (result !== "stored" && result !== "duplicate")
        throw new Error(`put() resolved to ${String(result)}, not to "stored" or "duplicate".`);
      await put(inbox, withSubject("a", "last"));
      const expected = result === "stored" ? 3 : 2;
      await until(() => seen.length >= expected, `${expected} pushes are passed to the consumer`);
      await inbox.close(1_000);
      if (seen.length > expected)
        throw new Error(`put() resolved to "${result}", and ${seen.length} pushes were passed.`);
    }),
    rule("pushes are stored without a consumer, and handled by the next inbox", async () => {
      const first = await open(false);
      await put(first, withSubject("a", "stored"));
      await first.close(1_000);
      const seen: string[] = [];
      const second = await open(true, ({ body }) => void seen.push(body.toString()));
      await until(() => seen.length > 0, "the stored push is passed to the consumer");
      await second.close(1_000);
      if (seen.join() !== "stored") throw new Error(`Passed to the consumer: ${seen.join()}.`);
    }),
    rule(
      "after close(), unfinished pushes are passed to the next inbox's consumer, and finished ones are not",
      async () => {
        const finished: string[] = [];
        let started = 0;
        const first = await open(false, ({ body }) => {
          started++;
          return body.toString() === "finished" ? void finished.push("finished") : new Promise(() => undefined);
        });
        await put(first, withSubject("a", "finished"));
        await until(() => finished.length === 1, "the first push is handled");
        await put(first, withSubject("b", "unfinished"));
        await until(() => started === 2, "the second push is passed to the consumer");
        await first.close(10);
        const seen: string[] = [];
        const second = await open(true, ({ body }) => void seen.push(body.toString()));
        await until(() => seen.length > 0, "the unfinished push is passed to the consumer");
        await new Promise((resolve) => setTimeout(resolve, 50));
        await second.close(1_000);
        if (seen.join() !== "unfinished") throw new Error(`Passed to the consumer: ${seen.join()}.`);
      },
    ),
  ];
}
