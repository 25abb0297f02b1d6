import type { Row, Status } from "../journal/index.js";
import type { ApiRequest } from "./request.js";
import { statesOf } from "./state.js";
import type { StatsResponse } from "./types.js";

const DEFAULT_MINUTES = 60;
const MAX_MINUTES = 1_440;
const MINUTE_MS = 60_000;
/** The types that report how a call ended. */
const CALL_TYPES = new Set(["call.completed", "dialer.contact"]);
/** Maximum number of pushes whose bodies are read for the results of calls: the newest. */
const MAX_CALLS = 20_000;

/** `GET /stats` */
export async function stats(request: ApiRequest): Promise<StatsResponse> {
  const { context } = request;
  const { table, store } = context;
  const minutes = request.number("minutes", 1, MAX_MINUTES) ?? DEFAULT_MINUTES;
  await table.update();
  const lastMinute = Math.floor(Date.now() / MINUTE_MS);
  const firstMinute = lastMinute - minutes + 1;
  const perMinute = Array.from({ length: minutes }, () => ({}) as Record<string, number>);
  const times: number[][] = Array.from({ length: minutes }, () => []);
  const byStatus: Partial<Record<Status, number>> = {};
  const byType: Record<string, number> = {};
  const calls: number[] = [];
  const { redacting } = context;
  for (let at = 0; at < table.count; at++) {
    const type = redacting.type(table.type(at));
    add(byStatus, table.status(at));
    add(byType, type);
    const minute = Math.floor(table.at.get(at) / MINUTE_MS) - firstMinute;
    if (!(minute >= 0 && minute < minutes)) continue;
    add(perMinute[minute] as Record<string, number>, type);
    const ms = table.ms.get(at);
    if (!Number.isNaN(ms)) (times[minute] as number[]).push(ms);
    if (CALL_TYPES.has(type)) calls.push(table.seq(at));
  }
  const minuteName = (i: number) => new Date((firstMinute + i) * MINUTE_MS).toISOString();
  const rows = calls.slice(-MAX_CALLS).flatMap((seq) => store.index.bySeq(seq) ?? []);
  return {
    perMinute: perMinute.map((types, i) => ({ minute: minuteName(i), byType: types })),
    byStatus,
    byType,
    callResults: await callResultsOf(request, rows),
    response: {
      ...quantilesOf(times.flat()),
      perMinute: times.map((list, i) => ({ minute: minuteName(i), ...quantilesOf(list) })),
    },
    ...statesOf(context, await context.state()),
    total: table.count,
  };
}

async function callResultsOf({ context }: ApiRequest, rows: readonly Row[]): Promise<Record<string, number>> {
  const results: Record<string, number> = {};
  for (const { result } of (await context.facts.of(rows)).values()) if (result !== undefined) add(results, result);
  return results;
}

function quantilesOf(values: number[]): { p50: number | null; p99: number | null; count: number } {
  const sorted = Float64Array.from(values).sort();
  const at = (q: number) => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? null;
  return { p50: at(0.5), p99: at(0.99), count: sorted.length };
}

function add<K extends string>(counts: Partial<Record<K, number>>, key: K): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
