import { randomBytes } from "node:crypto";
import { DEFAULT_KEY, sign } from "airudder-webhooks";
import type { Attempt } from "../ingress/attempt.js";
import { outcomeOf } from "../ingress/deliver.js";
import type { Forwarder } from "../ingress/forward.js";
import { isListening } from "../ingress/health.js";
import { type Finding, failed, ok, skipped } from "./finding.js";

const ANSWER_MS = 9_000;

/** Whether anything answers where pushes are to go. */
export async function checkApp(target: URL): Promise<Finding> {
  const start = performance.now();
  if (await isListening(target))
    return ok("app", `${target.host} accepts connections (${Math.round(performance.now() - start)} ms)`);
  return failed("app", `nothing listens at ${target.host}: start the app, or give its address with --target`);
}

/**
 * Sends the app signed pushes of a call that never was, in a spelling that no JSON printer makes, and reads in its answers whether the
 * bytes came through, and whether key and token are right.
 */
export async function checkReceiver(target: URL, key: string | undefined, forwarder: Forwarder): Promise<Finding[]> {
  const task = `doctor-${randomBytes(8).toString("hex")}`;
  const bodies = [oddBody(task, key, " "), oddBody(task, key, "\t")];
  const attempts: Attempt[] = [];
  for (const body of bodies) attempts.push(await sendBody(target, body, forwarder));
  const [first, second] = attempts as [Attempt, Attempt];
  return [credentials(first), bytes(first, second), speed(first)];
}

/** The same payload in another spelling for another `space`: parsed and printed again both become the same bytes. */
function oddBody(task: string, key: string | undefined, space: string): Buffer {
  const call = `{"CallID":"${task}\\/1",${space}"CallTimes" : 1, "Comments":"1.0 \u{1F600} \\u00e9"}`;
  return Buffer.from(
    `{ "TaskID":${space}"${task}" ,"TaskName":"airudder-devproxy doctor", "Sign":"${sign(task, key ?? DEFAULT_KEY)}","Details" : [${call}] }\n`,
  );
}

async function sendBody(target: URL, body: Buffer, forwarder: Forwarder): Promise<Attempt> {
  const headers = { "content-type": "application/json", "user-agent": "Airudder" };
  const signal = AbortSignal.timeout(ANSWER_MS);
  return forwarder.send({ target, method: "POST", query: "", headers, body, signal });
}

function credentials({ answer, error }: Attempt): Finding {
  const name = "key and token";
  if (answer === undefined) return failed(name, `a push to the app got no answer: ${error}`);
  if (answer.status >= 200 && answer.status < 300) {
    const outcome = outcomeFields(answer.headers["airudder-outcome"]);
    if (outcome === undefined)
      return skipped(name, `${answer.status}; the app does not say whether it checks signatures`);
    if (outcome.verified) return ok(name, "a signed push is accepted and verified");
    return skipped(
      name,
      "the app accepts pushes without verifying them: give its receiver the key that Airudder signs with",
    );
  }
  return failed(name, refusal(answer.status, codeOf(answer.body)));
}

function refusal(status: number, code: string | undefined): string {
  if (code === "bad_sign") return "the app refuses the signature (bad_sign): its key is not the one given with --key";
  if (code === "bad_token")
    return "the app refuses the token (bad_token): put it into --target, as in ...?token=SECRET";
  if (code === "body_already_consumed")
    return "a body parser runs before the receiver (body_already_consumed): mount the receiver first";
  if (status === 404) return "the app answers 404: the path in --target is not where the receiver is mounted";
  return `the app answers ${status}${code === undefined ? "" : ` ${code}`} to a push that is right`;
}

/** The second push is told from the first by its spelling alone. */
function bytes(first: Attempt, second: Attempt): Finding {
  const name = "bytes";
  const before = first.answer && outcomeFields(first.answer.headers["airudder-outcome"]);
  const after = second.answer && outcomeFields(second.answer.headers["airudder-outcome"]);
  if (before === undefined || after === undefined) {
    return skipped(name, "the app does not answer as airudder-webhooks does, so its body parsers cannot be seen");
  }
  if (before.reserialised || after.reserialised || after.duplicate) {
    return failed(name, "a body parser before the receiver takes the bytes: mount the receiver before express.json()");
  }
  return ok(name, "odd spacing, \\/, emoji and 1.0 arrive byte for byte");
}

function speed({ answer, ms }: Attempt): Finding {
  if (answer === undefined)
    return failed("answer time", `no answer within ${ANSWER_MS / 1_000} s; Airudder waits 10 s`);
  return ok("answer time", `${ms} ms of the 10 s that Airudder waits`);
}

interface OutcomeFields {
  verified?: boolean;
  duplicate?: boolean;
  reserialised?: boolean;
}

function outcomeFields(header: string | string[] | undefined): OutcomeFields | undefined {
  const outcome = outcomeOf(header);
  return typeof outcome === "object" && outcome !== null ? outcome : undefined;
}

function codeOf(body: Buffer): string | undefined {
  try {
    return (JSON.parse(body.toString()) as { error?: { code?: string } }).error?.code;
  } catch {
    return undefined;
  }
}
