import { type Content, JournalError } from "airudder-webhooks/journal";
import { DEFAULT_TARGET, parseTarget } from "../config/index.js";
import type { Deliverer, DeliveryAttempt } from "../delivery/index.js";
import { usageError } from "../errors.js";
import { errorCodeOf, MAX_RECORDED_RESPONSE_BYTES } from "../http/index.js";
import { lastTarget, type Row, type Store, unlessDropped, wasDelivered } from "../journal/index.js";
import { Redactor } from "../privacy/index.js";
import type { LiveDelivery } from "../queue/index.js";
import { baselineOf, originAndPath } from "./baseline.js";
import { editPush } from "./edit.js";
import { editableRows } from "./editable-rows.js";
import type { ReplayEvent, ReplaySummary, VerdictEvent } from "./events.js";
import { parseRequest, type ReplayRequest, requestedRows } from "./request.js";
import { type Scheduled, sendScheduled } from "./schedule.js";
import { SkippedPushes } from "./skipped.js";
import { type AppResult, differencesOf, isStatusConfirmed, verdictOf } from "./verdict.js";
import { VerdictNotes } from "./verdict-notes.js";
import { waitForApp } from "./wait-for-app.js";

/** The parts of the dev proxy that a replay uses. */
export interface ReplayContext {
  store: Store;
  deliverer: Deliverer;
  /** The target if the request has none. */
  target?: URL | undefined;
  /** The queue of undelivered pushes, if one runs. Either the queue or the replay sends a push, never both. */
  queue?: Pick<LiveDelivery, "sendInstead">;
  onEvent(event: ReplayEvent): void;
  /** Stops the replay. */
  signal?: AbortSignal;
  /** Time limit for a response, ms. Default: 5 minutes, long enough for all attempts of an inbox with default limits. */
  timeoutMs?: number;
}

const RESPONSE_TIMEOUT_MS = 300_000;

/**
 * Sends recorded pushes again and compares each result with the previous one. Records every delivery. Edited and stopped
 * deliveries, and those to an app that does not receive the live pushes, are marked `aside`: they do not change the status of their push.
 * @throws DevproxyError `usage` or `app_down`, before anything is sent
 */
export async function replay(request: ReplayRequest, context: ReplayContext): Promise<ReplaySummary> {
  const { store, deliverer, queue, onEvent, signal, timeoutMs = RESPONSE_TIMEOUT_MS } = context;
  const { isExpected, edits, rate, to, waitMs } = parseRequest(request);
  await deliverer.flush();
  const selected = await requestedRows(store, request);
  if (edits.body !== undefined && selected.length !== 1)
    throw usageError(
      `An edited body replaces that of one push, but ${selected.length} pushes are selected. Give one id.`,
    );
  const filtersUndelivered = request.filters?.status === "undelivered";
  // The queue may deliver these pushes before the replay reaches them.
  const undelivered = new Set(filtersUndelivered ? selected : selected.filter((row) => !wasDelivered(row)));
  const last = lastTarget(store.index);
  const liveTarget = context.target ?? (last && parseTarget(last.href));
  const target = to ?? liveTarget ?? new URL(DEFAULT_TARGET);
  const isOtherApp = liveTarget !== undefined && originAndPath(target) !== originAndPath(liveTarget);
  const skipped = new SkippedPushes(onEvent);
  const rows = await editableRows(store, selected, edits, skipped, onEvent);
  skipped.report();
  if (waitMs !== undefined && rows.length > 0) await waitForApp(target, waitMs, signal);
  onEvent({ event: "replay", total: rows.length, target: originAndPath(target) });

  const summary: ReplaySummary = { event: "summary", total: 0, verdicts: {}, unexpected: 0, ms: 0 };
  const notes = new VerdictNotes(edits);
  const redactor = await Redactor.of(store.dir, request.reveal ?? false);
  const start = performance.now();
  await sendScheduled(scheduleOf(rows, rate.speed), { concurrency: rate.concurrency, signal }, async (row) => {
    const content = await contentOf(store, row, skipped, summary);
    if (content === undefined) return;
    // The app of an inbox is unknown: a replay of its pushes always counts as sent elsewhere.
    const isElsewhere = isOtherApp || row.push.source === "inbox";
    const before = await unlessDropped(baselineOf(store, row, isElsewhere ? target : undefined));
    const sent = editPush(row, content, edits);
    const aside = !sent.body.equals(content.body) ? "edited" : isElsewhere ? "elsewhere" : undefined;
    const send = () =>
      deliverer.deliver(row.push, sent, {
        target,
        cause: "replay",
        replay: true,
        aside,
        onUnrecorded: () => {
          summary.unrecorded = (summary.unrecorded ?? 0) + 1;
        },
        timeoutMs,
        ...(signal ? { signal } : {}),
      });
    if (aside === undefined && undelivered.has(row) && wasDelivered(row))
      return skipped.add(row, "already delivered by the queue.", { isDelivered: true });
    const attempt = aside === undefined && queue ? await queue.sendInstead(row, send) : await send();
    if (attempt === undefined) return skipped.add(row, "delivery by the queue is pending.", { isDelivered: true });
    if (attempt.stopped) {
      summary.stopped = (summary.stopped ?? 0) + 1;
      return;
    }
    const after = resultOf(attempt);
    const verdict = verdictOf(before, after, isExpected);
    notes.add(row, after, verdict);
    summary.total++;
    summary.verdicts[verdict] = (summary.verdicts[verdict] ?? 0) + 1;
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
    const { outcome } = attempt;
    const error = attempt.error ?? (outcome?.error && redactor.handlerError(outcome.error, sent));
    if (outcome?.result !== undefined) event.result = outcome.result;
    if (after.code !== undefined) event.code = after.code;
    if (error !== undefined) event.error = error;
    if (aside === "edited") event.edited = true;
    if (isExpected !== undefined && !(isExpected(after.status) && isStatusConfirmed(verdict, after))) {
      summary.unexpected++;
      event.unexpected = true;
    }
    onEvent(event);
  });
  await deliverer.flush();
  skipped.report();
  for (const note of notes.notes()) onEvent(note);
  const { total, dropped = 0 } = summary;
  const notEditable = selected.length - rows.length;
  if (skipped.count > 0) summary.skipped = skipped.count;
  if (isExpected !== undefined) summary.unexpected += skipped.unsent + dropped;
  if (total + dropped + skipped.count - notEditable < rows.length) summary.interrupted = true;
  summary.ms = Math.round(performance.now() - start);
  onEvent(summary);
  return summary;
}

/** The content of a push; `undefined` if it was dropped or is damaged. Counts it in the summary if it was dropped, in `skipped` if it is damaged. */
async function contentOf(
  store: Store,
  row: Row,
  skipped: SkippedPushes,
  summary: ReplaySummary,
): Promise<Content | undefined> {
  try {
    const content = await unlessDropped(store.content(row.location));
    if (content === undefined) summary.dropped = (summary.dropped ?? 0) + 1;
    return content;
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    skipped.add(row, "the record in the journal cannot be read.");
    return undefined;
  }
}

function resultOf({ response, error, outcome }: DeliveryAttempt): AppResult {
  if (response === undefined) return { status: null, error };
  const { status, body } = response;
  return { status, code: errorCodeOf(body), outcome, body: body.subarray(0, MAX_RECORDED_RESPONSE_BYTES) };
}

/** The original timing divided by `speed`, or no timing. Pushes of one subject stay in order. */
function* scheduleOf(rows: readonly Row[], speed: number | "max"): Generator<Scheduled<Row>> {
  const firstAt = Date.parse(rows[0]?.push.at ?? "");
  for (const row of rows) {
    const dueMs = speed === "max" ? undefined : (Date.parse(row.push.at) - firstAt) / speed;
    yield { item: row, dueMs, subject: row.push.subject ?? row.push.id };
  }
}
