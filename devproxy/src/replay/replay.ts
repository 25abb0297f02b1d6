import { setMaxListeners } from "node:events";
import { type Content, JournalError } from "airudder-webhooks/journal";
import { DEFAULT_TARGET, parseTarget } from "../config/index.js";
import type { Deliverer, DeliveryAttempt } from "../delivery/index.js";
import { usageError } from "../errors.js";
import { errorCodeOf, MAX_RECORDED_RESPONSE_BYTES } from "../http/index.js";
import { lastTarget, type Row, type Store, unlessDropped, wasDelivered } from "../journal/index.js";
import { Redactor } from "../privacy/index.js";
import type { LiveDelivery } from "../queue/index.js";
import { addressOf, resultBefore } from "./before.js";
import type { Edits } from "./edit.js";
import type { ReplayEvent, ReplaySummary, VerdictEvent } from "./events.js";
import { parseExpect } from "./expect.js";
import { Hints } from "./hints.js";
import { editableRows, edited } from "./notes.js";
import { sendAtRate } from "./rate.js";
import type { ReplayRequest } from "./request.js";
import { select } from "./select.js";
import { parseEdit } from "./set.js";
import { Skipped } from "./skipped.js";
import { differencesOf, isProved, isSuccess, type Result, verdictOf } from "./verdict.js";
import { parseWait, waitForApp } from "./wait.js";

/** What a replay needs of the dev proxy. */
export interface ReplayTools {
  store: Store;
  deliverer: Deliverer;
  /** The target if the request names none. */
  target?: URL | undefined;
  /** The queue of undelivered pushes, if one runs. Either the queue or the replay sends a push, never both. */
  live?: Pick<LiveDelivery, "sendInstead">;
  onEvent(event: ReplayEvent): void;
  signal?: AbortSignal;
  /** Time limit for a response, ms. Default: 5 minutes, longer than the attempts of an inbox with the default limits. */
  limitMs?: number;
}

const RESPONSE_MS = 300_000;

/**
 * Sends recorded pushes again and compares each result with the one before. Records every delivery. A delivery that was edited,
 * stopped, or sent to another app than live pushes gets the mark `aside` and does not change the status of its push.
 * @throws DevproxyError `usage`, `app_down`, before anything is sent
 */
export async function replay(request: ReplayRequest, tools: ReplayTools): Promise<ReplaySummary> {
  const { store, deliverer, live, onEvent, signal, limitMs = RESPONSE_MS } = tools;
  const { isExpected, edits, pace, to, waitMs } = planOf(request);
  if (signal) setMaxListeners(0, signal);
  await deliverer.flush();
  const selected = await select(store, request);
  const isUndelivered = request.filters?.status === "undelivered";
  const undelivered = new Set(isUndelivered ? selected : selected.filter((row) => !wasDelivered(row)));
  const last = lastTarget(store.index);
  const home = tools.target ?? (last && parseTarget(last.href));
  const target = to ?? home ?? new URL(DEFAULT_TARGET);
  const isElsewhere = home !== undefined && addressOf(target) !== addressOf(home);
  const skipped = new Skipped(onEvent);
  const rows = await editableRows(store, selected, edits, skipped, onEvent);
  skipped.report();
  if (waitMs !== undefined && rows.length > 0) await waitForApp(target, waitMs, signal);
  onEvent({ event: "replay", total: rows.length, target: addressOf(target) });

  const summary: ReplaySummary = { event: "summary", total: 0, verdicts: {}, unexpected: 0, ms: 0 };
  const hints = new Hints();
  const redactor = await Redactor.of(store.dir, request.reveal ?? false);
  const start = performance.now();
  await sendAtRate(rows, { ...pace, signal }, async (row) => {
    const content = await contentOf(store, row, skipped, summary);
    if (content === undefined) return;
    // What an inbox holds went to the app that has it: no replay goes where that did.
    const isAway = isElsewhere || row.push.source === "inbox";
    const before = await unlessDropped(resultBefore(store, row, isAway ? target : undefined));
    const sent = edited(row, content, edits);
    const aside = !sent.body.equals(content.body) ? "edited" : isAway ? "elsewhere" : undefined;
    const onUnrecorded = () => {
      summary.unrecorded = (summary.unrecorded ?? 0) + 1;
    };
    const options = {
      target,
      cause: "replay",
      replay: true,
      aside,
      onUnrecorded,
      limitMs,
      ...(signal ? { signal } : {}),
    } as const;
    const send = () => deliverer.deliver(row.push, sent, options);
    const isOver = aside === undefined && undelivered.has(row) && wasDelivered(row);
    const attempt = isOver ? undefined : aside === undefined && live ? await live.sendInstead(row, send) : await send();
    if (attempt === undefined)
      return skipped.add(row, `the queue ${isOver ? "has delivered" : "delivers"} it.`, { isDelivered: true });
    if (attempt.stopped) {
      summary.stopped = (summary.stopped ?? 0) + 1;
      return;
    }
    const after = resultOf(attempt);
    const verdict = verdictOf(before, after, isExpected ?? isSuccess);
    const isRight = isExpected === undefined || (isExpected(after.status) && isProved(verdict, after));
    hints.add(row, after, verdict);
    summary.total++;
    summary.verdicts[verdict] = (summary.verdicts[verdict] ?? 0) + 1;
    if (!isRight) summary.unexpected++;
    const { id, seq, type } = row.push;
    const event: VerdictEvent = {
      event: "verdict",
      push: id,
      seq,
      type,
      verdict,
      status: after.status,
      ms: attempt.ms,
      differences: differencesOf(before, after),
    };
    const reported = attempt.outcome?.error;
    const error = attempt.error ?? (reported && redactor.handlerError(reported, sent));
    if (attempt.outcome?.result !== undefined) event.result = attempt.outcome.result;
    if (after.code !== undefined) event.code = after.code;
    if (error !== undefined) event.error = error;
    if (!isRight) event.unexpected = true;
    onEvent(event);
  });
  await deliverer.flush();
  skipped.report();
  for (const note of hints.notes()) onEvent(note);
  const unsent = selected.length - rows.length;
  if (skipped.count > 0) summary.skipped = skipped.count;
  if (isExpected !== undefined) summary.unexpected += skipped.unsent + (summary.dropped ?? 0);
  if (summary.total + (summary.dropped ?? 0) + skipped.count - unsent < rows.length) summary.interrupted = true;
  summary.ms = Math.round(performance.now() - start);
  onEvent(summary);
  return summary;
}

/** The bytes of a push; `undefined` if they were dropped or are damaged, so that the push is skipped. */
async function contentOf(
  store: Store,
  row: Row,
  skipped: Skipped,
  summary: ReplaySummary,
): Promise<Content | undefined> {
  try {
    const content = await unlessDropped(store.content(row.location));
    if (content === undefined) summary.dropped = (summary.dropped ?? 0) + 1;
    return content;
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    skipped.add(row, "its record in the journal cannot be read.");
    return undefined;
  }
}

function resultOf({ response: answer, error, outcome }: DeliveryAttempt): Result {
  if (answer === undefined) return { status: null, ...(error === undefined ? {} : { error }) };
  const { status, body } = answer;
  return { status, code: errorCodeOf(body), outcome, body: body.subarray(0, MAX_RECORDED_RESPONSE_BYTES) };
}

/** What a request says, checked. */
interface Plan {
  isExpected: ((status: number | null) => boolean) | undefined;
  edits: Edits;
  pace: { speed: number | "max"; concurrency: number };
  to: URL | undefined;
  waitMs: number | undefined;
}

/**
 * Checks what can be checked without the journal.
 * @throws DevproxyError `usage`
 */
export function planOf(request: ReplayRequest): Plan {
  if (typeof request !== "object" || request === null) throw usageError("The request of a replay must be an object.");
  const { last, set = [] } = request;
  if (last !== undefined && !(Number.isInteger(last) && last > 0))
    throw usageError("--last must be a whole number above 0.");
  if (!Array.isArray(set) || !set.every((edit) => typeof edit === "string"))
    throw usageError("set must be a list of edits such as path=value.");
  if (request.key === "") throw usageError("--key is empty. Leave it out to send each push with the Sign that it has.");
  return {
    isExpected: request.expect === undefined ? undefined : parseExpect(request.expect),
    edits: { set: set.map(parseEdit), key: request.key, agreedKey: request.agreedKey },
    pace: paceOf(request),
    to: request.to === undefined ? undefined : parseTarget(request.to, "--to"),
    waitMs: request.wait === undefined ? undefined : parseWait(request.wait),
  };
}

function paceOf({ speed = "max", concurrency }: ReplayRequest): { speed: number | "max"; concurrency: number } {
  if (speed !== "max" && !(speed > 0 && speed <= 1_000_000))
    throw usageError("--speed must be a number above 0, or max.");
  const atOnce = concurrency ?? (speed === "max" ? 1 : 16);
  if (!Number.isInteger(atOnce) || atOnce < 1 || atOnce > 1_000)
    throw usageError("--concurrency must be from 1 to 1000.");
  return { speed, concurrency: atOnce };
}
