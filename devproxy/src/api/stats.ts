import type { Status } from "../journal/index.js";
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
  const { table } = context;
  const minutes = request.number("minutes", 1, MAX_MINUTES) ?? DEFAULT_MINUTES;
  await table.update();
  const lastMinute = Math.floor(Date.now() / MINUTE_MS);
  const firstMinute = lastMinute - minutes + 1;
  const perMinute = Array.from({ length: minutes }, () => ({}) as Record<string, number>);
  const times: number[][] = Array.from({ length: minutes }, () => []);
  const byStatus: Partial<Record<Status, number>> = {};
  const byType: Record<string, number> = {};
  const calls: number[] = [];
  const typeNames: string[] = [];
  const nameOf = (at: number): string => {
    const name = context.redacting.type(table.type(at));
    typeNames[table.typeCode(at)] = name;
    return name;
  };
  for (let at = 0; at < table.count; at++) {
    const type = typeNames[table.typeCode(at)] ?? nameOf(at);
    add(byStatus, table.status(at));
    add(byType, type);
    const minute = Math.floor(table.at.get(at) / MINUTE_MS) - firstMinute;
    if (!(minute >= 0 && minute < minutes)) continue;
    add(perMinute[minute] as Record<string, number>, type);
    const ms = table.ms.get(at);
    if (!Number.isNaN(ms)) (times[minute] as number[]).push(ms);
    if (CALL_TYPES.has(type)) calls.push(at);
  }
  const minuteName = (i: number) => new Date((firstMinute + i) * MINUTE_MS).toISOString();
  return {
    perMinute: perMinute.map((types, i) => ({ minute: minuteName(i), byType: types })),
    byStatus,
    byType,
    callResults: await callResultsOf(request, calls.slice(-MAX_CALLS)),
    response: {
      ...quantilesOf(times.flat()),
      perMinute: times.map((list, i) => ({ minute: minuteName(i), ...quantilesOf(list) })),
    },
    ...statesOf(context, await context.state()),
    total: table.count,
  };
}

/** @param calls positions of pushes about calls */
async function callResultsOf({ context }: ApiRequest, calls: readonly number[]): Promise<Record<string, number>> {
  const { table, facts, store } = context;
  // The table may change while bodies are read, so the pushes are remembered by number.
  const pushes = calls.map((at) => ({ seq: table.seq(at), subject: table.subject.get(at) }));
  const missing = pushes.filter(({ seq }) => facts.known(seq) === undefined);
  await facts.of(missing.flatMap(({ seq }) => store.index.bySeq(seq) ?? []));
  /** The newest result of each call: its push may have arrived more than once. */
  const newest = new Map<number, string>();
  for (const { seq, subject } of pushes) {
    const result = facts.known(seq)?.result;
    if (result !== undefined) newest.set(subject === 0 ? -seq : subject, result);
  }
  const results: Record<string, number> = {};
  for (const result of newest.values()) add(results, result);
  return results;
}

function quantilesOf(values: number[]): { p50: number | null; p99: number | null; count: number } {
  const sorted = Float64Array.from(values).sort();
  const at = (q: number) => {
    const value = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
    return value === undefined ? null : Math.round(value * 10) / 10;
  };
  return { p50: at(0.5), p99: at(0.99), count: sorted.length };
}

function add<K extends string>(counts: Partial<Record<K, number>>, key: K): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
