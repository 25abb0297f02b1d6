import { setMaxListeners } from "node:events";
import { DEFAULT_TARGET, parseTarget } from "../config/target.js";
import { usageError } from "../errors.js";
import type { Deliverer } from "../ingress/deliver.js";
import { unlessDropped } from "../journal/dropped.js";
import { lastTarget } from "../journal/last-target.js";
import type { Store } from "../journal/store.js";
import { addressOf, resultBefore } from "./before.js";
import type { Edits } from "./edit.js";
import type { ReplayEvent, ReplaySummary, VerdictEvent } from "./events.js";
import { parseExpect } from "./expect.js";
import { edited, noteEdits } from "./notes.js";
import { inPace } from "./pace.js";
import type { ReplayRequest } from "./request.js";
import { select } from "./select.js";
import { parseEdit } from "./set.js";
import { differencesOf, isSuccess, type Result, verdictOf } from "./verdict.js";

/** What a replay needs of the dev proxy. */
export interface ReplayTools {
  store: Store;
  deliverer: Deliverer;
  /** Where pushes go when the request does not say. */
  target?: URL | undefined;
  onEvent(event: ReplayEvent): void;
  signal?: AbortSignal;
}

/**
 * Plays recorded pushes again, each compared with its last answer. Every try is recorded; one that was edited, goes to another app than
 * live pushes do, or is stopped is set aside, and leaves what is known of its push.
 * @throws DevproxyError `usage`; nothing has been sent then
 */
export async function replay(request: ReplayRequest, tools: ReplayTools): Promise<ReplaySummary> {
  const { store, deliverer, onEvent, signal } = tools;
  const { isExpected, edits, pace, to } = planOf(request);
  if (signal) setMaxListeners(0, signal);
  await deliverer.flush();
  const rows = await select(store, request);
  const last = lastTarget(store.index);
  const home = tools.target ?? (last && parseTarget(last.href));
  const target = to ?? home ?? new URL(DEFAULT_TARGET);
  const isElsewhere = home !== undefined && addressOf(target) !== addressOf(home);
  await noteEdits(store, rows, edits, onEvent);
  onEvent({ event: "replay", total: rows.length, target: addressOf(target) });

  const summary: ReplaySummary = { event: "summary", total: 0, verdicts: {}, unexpected: 0, ms: 0 };
  const start = performance.now();
  await inPace(rows, { ...pace, signal }, async (row) => {
    // What an inbox holds went to the app that has it: no replay goes where that did.
    const isAway = isElsewhere || row.push.source === "inbox";
    const before = await unlessDropped(resultBefore(store, row, isAway ? target : undefined));
    const content = await unlessDropped(store.content(row.place));
    if (content === undefined) {
      summary.dropped = (summary.dropped ?? 0) + 1;
      return;
    }
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
      ...(signal ? { signal } : {}),
    } as const;
    const { answer, error, ms, stopped } = await deliverer.deliver(row.push, sent, options);
    if (stopped) {
      summary.stopped = (summary.stopped ?? 0) + 1;
      return;
    }
    const body = answer?.body.subarray(0, 64 * 1024) ?? Buffer.alloc(0);
    const after: Result = { status: answer?.status ?? null, ...(error === undefined ? {} : { error }), body };
    const verdict = verdictOf(before, after, isExpected ?? isSuccess);
    const differences = differencesOf(before, after);
    const isRight = isExpected?.(after.status) ?? true;
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
      ms,
      differences,
    };
    if (error !== undefined) event.error = error;
    if (!isRight) event.unexpected = true;
    onEvent(event);
  });
  await deliverer.flush();
  if (summary.total + (summary.dropped ?? 0) < rows.length) summary.interrupted = true;
  summary.ms = Math.round(performance.now() - start);
  onEvent(summary);
  return summary;
}

/** What a request says, checked. */
interface Plan {
  isExpected: ((status: number | null) => boolean) | undefined;
  edits: Edits;
  pace: { speed: number | "max"; concurrency: number };
  to: URL | undefined;
}

/**
 * Checks what can be checked without the journal.
 * @throws DevproxyError `usage`
 */
export function planOf(request: ReplayRequest): Plan {
  if (request.key === "") throw usageError("--key is empty. Leave it out to send each push with the Sign that it has.");
  return {
    isExpected: request.expect === undefined ? undefined : parseExpect(request.expect),
    edits: { set: (request.set ?? []).map(parseEdit), key: request.key },
    pace: paceOf(request),
    to: request.to === undefined ? undefined : parseTarget(request.to, "--to"),
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
