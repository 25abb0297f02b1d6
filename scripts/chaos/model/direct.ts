/**
 * Checks direct mode against a reference model, in its own process. Runs random sequences of pushes, duplicates, the vendor's retries, clock
 * steps, and handlers that succeed, fail or end late.
 *
 * The invariants: unless its handler fails, each push is handled once and finally gets a 200. A push that got a 200 has been handled.
 */
import { airudder } from "airudder-webhooks";
import { exposeFunctions } from "../../child-functions.js";
import { setClock } from "./clock.js";
import { Random } from "./random.js";

const SUBJECTS = 4;
const STATES = ["A", "B", "C"];
const DEADLINE_MS = 4;

/** A push of the vendor, which sends it until the response is 200. */
interface SentPush {
  readonly subject: number;
  readonly state: string;
  /** Requests without a response. */
  openRequests: number;
  /** Runs of the handler; each failed run allows another. */
  runs: number;
  failed: number;
  run: Run | undefined;
  /** Position of its last run in the order of all runs. */
  order: number;
  /** A response was not 200, so the vendor retries. */
  retries: boolean;
  acknowledged: boolean;
}

interface Run {
  resolve(): void;
  reject(error: Error): void;
}

async function run({ seed, steps }: { seed: number; steps: number }): Promise<string[]> {
  const random = new Random(seed);
  const violations: string[] = [];
  const receiver = airudder({ key: "k", token: false, warnings: false, deadlineMs: DEADLINE_MS });
  /** For each subject: the pushes without a 200 so far, and the latest accepted push. */
  const unfinished: SentPush[][] = Array.from({ length: SUBJECTS }, () => []);
  const last: (SentPush | undefined)[] = [];
  let runs = 0;
  let delivering: SentPush | undefined;
  let step = 0;

  receiver.on("dialer.agent", () => {
    const sent = delivering;
    if (sent === undefined) return void violations.push(`step ${step}: a handler ran although no push was sent`);
    sent.runs++;
    sent.order = ++runs;
    if (sent.runs > sent.failed + 1)
      violations.push(`step ${step}: ${sent.subject}${sent.state} was handled ${sent.runs} times`);
    return new Promise<void>((resolve, reject) => {
      sent.run = { resolve, reject };
    });
  });

  const trace: string[] = [];
  const deliver = (sent: SentPush, why: string): void => {
    const { subject, state } = sent;
    trace.push(`${step} ${why} ${subject}${state}`);
    const body = JSON.stringify({
      type: "AgentStatus",
      body: { agentName: `agent ${subject}`, taskId: "t", State: state },
    });
    const request = new Request("http://localhost/", {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
    });
    sent.openRequests++;
    sent.retries = false;
    delivering = sent;
    void receiver.fetch(request).then(({ status }) => {
      sent.openRequests--;
      trace.push(`${step} ${status} ${subject}${state}`);
      if (status !== 200) {
        sent.retries = true;
        return;
      }
      sent.acknowledged = true;
      if (sent.runs === sent.failed)
        violations.push(`step ${step}: ${subject}${state} got the response 200 and was never handled`);
    });
  };

  const forget = (): void => {
    for (const [subject, all] of unfinished.entries()) {
      unfinished[subject] = all.filter(
        ({ acknowledged, openRequests, run }) => !acknowledged || openRequests > 0 || run !== undefined,
      );
    }
  };

  for (; step < steps && violations.length === 0; step++) {
    const subject = random.below(SUBJECTS);
    const pushes = unfinished[subject] as SentPush[];
    const running = pushes.filter((sent) => sent.run !== undefined);
    const what = random.weighted({ push: 5, duplicate: 1, retry: 5, finish: 5, fail: 1, late: 2, clock: 1 });
    if (what === "push") {
      // Skip bytes that the vendor is still sending: no receiver can distinguish a new push from a retry of the same bytes.
      const latest = last[subject];
      const isLatest = !running.some(({ order }) => order > (latest?.order ?? 0));
      const free = STATES.filter(
        (state) => !pushes.some((sent) => sent.state === state) && !(isLatest && latest?.state === state),
      );
      if (free.length > 0) {
        const state = random.pick(free);
        const sent = {
          subject,
          state,
          openRequests: 0,
          runs: 0,
          failed: 0,
          run: undefined,
          order: 0,
          retries: false,
          acknowledged: false,
        };
        pushes.push(sent);
        deliver(sent, "push");
      }
    } else if (what === "duplicate") {
      const newest = running.sort((a, b) => a.order - b.order).at(-1);
      if (newest !== undefined && !newest.retries) deliver(newest, "duplicate");
    } else if (what === "retry") {
      const waiting = pushes.filter((sent) => sent.retries && sent.openRequests === 0);
      if (waiting.length > 0) deliver(random.pick(waiting), "retry");
    } else if (what === "finish" || what === "fail") {
      if (running.length > 0) {
        const sent = random.pick(running);
        const { run } = sent as { run: Run };
        sent.run = undefined;
        trace.push(`${step} ${what} ${subject}${sent.state}`);
        if (what === "finish") {
          if (sent.order > (last[subject]?.order ?? 0)) last[subject] = sent;
          run.resolve();
        } else {
          sent.failed++;
          run.reject(new Error("fails"));
        }
      }
    } else if (what === "late") {
      await new Promise((resolve) => setTimeout(resolve, DEADLINE_MS + 2));
    } else setClock((random.next() - 0.5) * 4 * 3_600_000);
    // Requests and their responses take a few turns of the event loop.
    await settle();
    delivering = undefined;
    forget();
  }
  return violations.map((text) => {
    const [subject] = / \d(?=[ABC] )/.exec(text) ?? [""];
    const before = trace.filter((line) => line.includes(subject)).slice(-30);
    return `seed ${seed}, ${text}; before it: ${before.join(", ")}`;
  });
}

async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

exposeFunctions(undefined, { run: (detail) => run(detail as { seed: number; steps: number }) });
