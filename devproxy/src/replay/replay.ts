import { setMaxListeners } from "node:events";
import { describePush } from "airudder-webhooks";
import type { Content } from "airudder-webhooks/journal";
import { DEFAULT_TARGET, parseTarget } from "../config/target.js";
import { usageError } from "../errors.js";
import type { Deliverer } from "../ingress/deliver.js";
import { lastTarget } from "../journal/last-target.js";
import type { Row } from "../journal/rows.js";
import type { Store } from "../journal/store.js";
import { addressOf, resultBefore } from "./before.js";
import { type Edits, editBody, hasEdits } from "./edit.js";
import type { ReplayEvent, ReplaySummary, VerdictEvent } from "./events.js";
import { parseExpect } from "./expect.js";
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
  /** The key that payloads are checked with. */
  key?: string | undefined;
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
  if (hasEdits(edits)) for (const row of rows) await edited(row, await store.content(row.place), edits, tools);
  onEvent({ event: "replay", total: rows.length, target: addressOf(target) });

  const summary: ReplaySummary = { event: "summary", total: 0, verdicts: {}, unexpected: 0, ms: 0 };
  const start = performance.now();
  await inPace(rows, { ...pace, signal }, async (row) => {
    // What an inbox holds went to the app that has it: no replay goes where that did.
    const isAway = isElsewhere || row.push.source === "inbox";
    const before = await resultBefore(store, row, isAway ? target : undefined);
    const content = await store.content(row.place);
    const sent = hasEdits(edits) ? await edited(row, content, edits) : content;
    const aside = !sent.body.equals(content.body) ? "edited" : isAway ? "elsewhere" : undefined;
    const options = { target, cause: "replay", replay: true, aside, ...(signal ? { signal } : {}) } as const;
    const { answer, error, ms, stopped } = await deliverer.deliver(row.push, sent, options);
    if (stopped) return;
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
  if (summary.total < rows.length) summary.interrupted = true;
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

/** The push with the edits made. With `tools`, says where an edit does not fit the schema. */
async function edited(row: Row, { headers, body }: Content, edits: Edits, tools?: ReplayTools): Promise<Content> {
  const name = `#${row.push.seq}`;
  const changed = editBody(body, String(headers["content-encoding"] ?? ""), edits, name);
  if (tools !== undefined) {
    const options = tools.key === undefined ? {} : { key: tools.key };
    const known = new Set(describePush(body, headers, options).drift.map(({ path }) => path));
    for (const { path, expected, got } of describePush(changed, headers, options).drift) {
      if (known.has(path)) continue;
      const message = `${name}: the edit does not fit the schema at ${path}: ${expected} expected, ${got} set`;
      tools.onEvent({ event: "note", code: "edit_drifts", message });
    }
  }
  return { headers, body: changed };
}
