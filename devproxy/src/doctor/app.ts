import { randomBytes } from "node:crypto";
import { samplePush } from "airudder-webhooks/testing";
import type { DeliveryAttempt, Forwarder } from "../delivery/index.js";
import { errorCodeOf, isListening, readOutcome } from "../http/index.js";
import { Redactor } from "../privacy/index.js";
import { type Finding, failed, ok, skipped, unclear } from "./finding.js";

const RESPONSE_TIMEOUT_MS = 9_000;

/** The value of `push.replay` that handlers receive for a test push. */
const REPLAY = "doctor";

/** Whether the app accepts connections. */
export async function checkApp(target: URL): Promise<Finding> {
  const start = performance.now();
  if (await isListening(target))
    return ok("app", `${target.host} accepts connections (${Math.round(performance.now() - start)} ms)`);
  return failed("app", `nothing listens at ${target.host}: start the app, or give its URL with --target`);
}

/** How to test the app. */
export interface CheckOptions {
  target: URL;
  /** The key to sign with. Default: the vendor's published key. */
  key?: string | undefined;
  forwarder: Forwarder;
  /** Time limit for the app's responses, ms. Default: 9,000. */
  timeoutMs?: number;
}

/**
 * Sends the app two signed test pushes for a fictitious call, with JSON formatting that no serializer produces. The responses show whether
 * the app received the exact bytes, and whether key and token are right. If the first push gets no response, the second is not sent.
 */
export async function checkReceiver({
  target,
  key,
  forwarder,
  timeoutMs = RESPONSE_TIMEOUT_MS,
}: CheckOptions): Promise<Finding[]> {
  const task = `doctor-${randomBytes(8).toString("hex")}`;
  const signal = AbortSignal.timeout(timeoutMs);
  const send = (space: string) => sendBody(target, unusualBody(task, key, space), forwarder, signal);
  const first = await send(" ");
  if (first.response === undefined) return noResponse(first, timeoutMs);
  return [
    credentialsFinding(first, key),
    ...handlerFindings(first),
    bytesFinding(first, await send("\t")),
    responseTimeFinding(first),
  ];
}

/** The payload, indented by `space`. Bodies that differ only in `space` become equal if they are parsed and serialized again. */
function unusualBody(task: string, key: string | undefined, space: string): Buffer {
  const call = { CallID: `${task}/1`, Comments: "1.0 \u{1F600} \u00e9" };
  const names = { TaskID: task, TaskName: "airudder-devproxy doctor" };
  const push = samplePush(
    "call.completed",
    { ...names, Details: [call] },
    { seed: 1, ...(key === undefined ? {} : { key }) },
  );
  const text = JSON.stringify(push, undefined, space).replaceAll("/", "\\/").replaceAll("\u00e9", "\\u00e9");
  return Buffer.from(`${text}\n`);
}

async function sendBody(
  target: URL,
  body: Buffer,
  forwarder: Forwarder,
  signal: AbortSignal,
): Promise<DeliveryAttempt> {
  const headers = { "content-type": "application/json", "user-agent": "Airudder" };
  return forwarder.send({ target, method: "POST", query: "", headers, body, replay: REPLAY, signal });
}

function noResponse({ error, stopped }: DeliveryAttempt, timeoutMs: number): Finding[] {
  const why = stopped
    ? `no response within ${timeoutMs / 1_000} s: respond before the handler has finished, for example with an inbox. Airudder waits 10 s`
    : `a test push got no response: ${error}`;
  const detail = "not checked: the app did not respond";
  return [unclear("key and token", detail), unclear("bytes", detail), failed("response time", why)];
}

/** The finding about the handler; empty if the app does not report a result. */
function handlerFindings({ response }: DeliveryAttempt): Finding[] {
  const { result, error } = (response && readOutcome(response.headers["airudder-outcome"])) ?? {};
  if (result === "handled") return [ok("handler", "a handler of call.completed ran")];
  if (result === "ignored")
    return [
      skipped(
        "handler",
        'the app has no handler for call.completed: register one with receiver.on("call.completed", ...)',
      ),
    ];
  // The message may contain personal data that is not from the test push.
  const cause = error === undefined ? "" : `: ${new Redactor("", false).error(error, {})}`;
  return result === "failed" ? [failed("handler", `the handler of call.completed failed for a test push${cause}`)] : [];
}

function credentialsFinding({ response }: DeliveryAttempt, key: string | undefined): Finding {
  const name = "key and token";
  if (response === undefined) return unclear(name, "not checked: the app did not respond");
  const outcome = readOutcome(response.headers["airudder-outcome"]);
  const isAccepted = outcome?.result === "failed" || isSuccess(response);
  if (!isAccepted) return failed(name, rejection(response.status, errorCodeOf(response.body), key));
  if (outcome === undefined) {
    return unclear(
      name,
      `${response.status}; the app does not report whether it checks signatures (airudder-webhooks does)`,
    );
  }
  if (outcome.verified) return ok(name, "a signed push is accepted and verified");
  return unclear(
    name,
    "the app accepts pushes without verifying them: give its receiver the key that Airudder signs with",
  );
}

function rejection(status: number, code: string | undefined, key: string | undefined): string {
  if (code === "bad_sign" && key === undefined)
    return "the app rejects the signature (bad_sign): its key is not the vendor's published key; give the app's key with --key";
  if (code === "bad_sign") return "the app rejects the signature (bad_sign): its key is not the one given with --key";
  if (code === "bad_token")
    return "the app rejects the token (bad_token): set AIRUDDER_TOKEN, or put it into --target, as in ...?token=SECRET";
  if (code === "body_already_consumed")
    return "a body parser runs before the receiver (body_already_consumed): mount the receiver first";
  if (code === "replay_not_allowed")
    return "the app rejects replays (replay_not_allowed), so nothing was tested: start it without NODE_ENV=production, or set allowReplays: true in a test environment";
  if (status === 404) return "the app responds 404: the path in --target is not where the receiver is mounted";
  return `the app responds ${status}${code === undefined ? "" : ` ${code}`} to a valid push`;
}

/**
 * Whether the app receives the exact bytes. If a parser consumed them, the receiver reports a re-serialized body, or that the second push
 * is a duplicate of the first.
 */
function bytesFinding(first: DeliveryAttempt, second: DeliveryAttempt): Finding {
  const name = "bytes";
  const { response } = first;
  if (response !== undefined && !isSuccess(response)) {
    const code = errorCodeOf(response.body);
    return unclear(name, `not checked: the app rejected the test push (${code ?? response.status}); fix that first`);
  }
  if (second.response === undefined) return unclear(name, "not checked: the second test push got no response");
  const before = response && readOutcome(response.headers["airudder-outcome"]);
  const after = readOutcome(second.response.headers["airudder-outcome"]);
  if (before === undefined || after === undefined) {
    return unclear(name, "the app does not respond as airudder-webhooks does, so its body parsers cannot be checked");
  }
  if (before.reserialised || after.reserialised || after.duplicate) {
    return failed(
      name,
      "a body parser before the receiver consumes the bytes: mount the receiver before express.json()",
    );
  }
  return ok(name, "unusual spacing, \\/, emoji and 1.0 arrive byte for byte");
}

function responseTimeFinding({ ms }: DeliveryAttempt): Finding {
  return ok("response time", `${ms} ms of the 10 s that Airudder waits`);
}

function isSuccess({ status }: NonNullable<DeliveryAttempt["response"]>): boolean {
  return status >= 200 && status < 300;
}
