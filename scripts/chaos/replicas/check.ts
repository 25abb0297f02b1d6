import { bodyKeyOf, type Sent } from "./load.js";
import type { PlannedCall } from "./plan.js";

/** One run of the handler. */
export interface Run {
  readonly push: string;
  readonly call: string;
  readonly state: number;
  readonly attempt: number;
  /** Name of the process. */
  readonly process: string;
  /** Nanoseconds. */
  readonly beganAt: bigint;
  /** When the handler ended or the process was killed. Nanoseconds. */
  readonly endedAt: bigint;
  /** `killed`: the process was killed before the handler ended. */
  readonly result: "done" | "failed" | "killed";
}

/** A push as the inbox stored it. */
export interface PushOfCall {
  readonly push: string;
  readonly call: string;
  readonly state: number;
}

/** An effect of a handler. */
export interface Effect extends PushOfCall {
  /** `beganAt` of the run. */
  readonly beganAt: bigint;
}

/** The data of a run that `check` needs. */
export interface Evidence {
  readonly runs: readonly Run[];
  /** The stored pushes, in the order of the inbox. */
  readonly stored: readonly PushOfCall[];
  /** The effects of the handlers, in the order in which they became visible. */
  readonly effects: readonly Effect[];
  readonly dead: number;
  /** Pushes that still wait at the end. */
  readonly queued: number;
}

/** What the inbox guarantees. */
export interface Guarantees {
  /** Each effect exactly once. Otherwise at least once. */
  readonly isExactlyOnce: boolean;
  /** Order per subject. */
  readonly isOrdered: boolean;
}

/** A count, and whether it is as guaranteed. `undefined`: it is only printed. */
export interface Check {
  readonly what: string;
  readonly count: number;
  readonly isMet?: boolean;
}

/** Checks the evidence of a run against its plan. */
export function check(plan: readonly PlannedCall[], sent: Sent, evidence: Evidence, guarantees: Guarantees): Check[] {
  const { runs, stored, effects, dead, queued } = evidence;
  const none = (what: string, count: number, isGuaranteed = true): Check => ({
    what,
    count,
    ...(isGuaranteed ? { isMet: count === 0 } : {}),
  });
  const again = storedAgain(plan, stored, sent.unknown);
  const effectsOf = countBy(effects, ({ push }) => push);
  const keyOf = ({ push, beganAt }: Effect | Run): string => `${push} ${beganAt}`;
  const effectKeys = new Set(effects.map(keyOf));
  const effective = runs.filter((run) => effectKeys.has(keyOf(run)));
  const storedIds = new Set(stored.map(({ push }) => push));
  return [
    none("given up", sent.givenUp.length),
    none("acknowledged, not stored", shortage(plan, stored)),
    none("acknowledged, not handled", shortage(plan, effects)),
    none("stored twice, although all responses were 200", again.wrong),
    none("stored twice after a request without the response 200", again.allowed, false),
    none("stored, without effect", stored.filter(({ push }) => !effectsOf.has(push)).length),
    none("effects of pushes that are not stored", effects.filter(({ push }) => !storedIds.has(push)).length),
    none(
      "effects more than once",
      [...effectsOf.values()].reduce((sum, count) => sum + count - 1, 0),
      guarantees.isExactlyOnce,
    ),
    none("calls whose effects are not in the order of sending", notInOrder(plan, effects), guarantees.isOrdered),
    none("calls whose effects are not in the order of storing", differences(stored, effects), guarantees.isOrdered),
    none("effects of handlers that ran at the same time for one call", overlaps(effective), guarantees.isOrdered),
    // A process that does not respond for as long as its leases last loses its pushes. The effects of its handlers do not count.
    none("handlers that ran at the same time for one call", overlaps(runs), false),
    none("dead or quarantined", dead),
    none("still waiting", queued),
  ];
}

/** Number of planned pushes that are missing. */
function shortage(plan: readonly PlannedCall[], found: readonly PushOfCall[]): number {
  const foundOf = distinctPushes(found);
  let missing = 0;
  for (const [content, count] of plannedCounts(plan)) missing += Math.max(0, count - (foundOf.get(content) ?? 0));
  return missing;
}

/** Pushes that are stored more often than planned. Allowed only if the sender did not know whether a push was stored. */
function storedAgain(plan: readonly PlannedCall[], stored: readonly PushOfCall[], unknown: ReadonlySet<string>) {
  const planned = plannedCounts(plan);
  const again = { wrong: 0, allowed: 0 };
  for (const [content, count] of distinctPushes(stored)) {
    const extra = count - (planned.get(content) ?? 0);
    if (extra > 0) again[unknown.has(content) ? "allowed" : "wrong"] += extra;
  }
  return again;
}

/** Number of calls whose planned pushes are not in this order. A push that is stored or handled again may stand between them. */
function notInOrder(plan: readonly PlannedCall[], effects: readonly PushOfCall[]): number {
  const byCall = groupByCall(effects);
  return plan.filter(({ call, pushes }) => {
    let next = 0;
    for (const { state } of byCall.get(call) ?? []) if (state === pushes[next]?.state) next++;
    return next < pushes.length;
  }).length;
}

/** Number of calls whose first effects are in another order than their stored pushes. */
function differences(stored: readonly PushOfCall[], effects: readonly PushOfCall[]): number {
  const byCall = groupByCall(effects);
  return [...groupByCall(stored)].filter(([call, pushes]) => {
    const order = [...new Set(byCall.get(call)?.map(({ push }) => push))];
    return pushes.some(({ push }, i) => push !== order[i]);
  }).length;
}

/** Number of runs that began before an earlier run for the same call had ended. */
function overlaps(runs: readonly Run[]): number {
  const endOf = new Map<string, bigint>();
  let count = 0;
  for (const { call, beganAt, endedAt } of runs.toSorted((a, b) => (a.beganAt < b.beganAt ? -1 : 1))) {
    const last = endOf.get(call) ?? 0n;
    if (beganAt < last) count++;
    endOf.set(call, endedAt > last ? endedAt : last);
  }
  return count;
}

function plannedCounts(plan: readonly PlannedCall[]): Map<string, number> {
  return countBy(
    plan.flatMap(({ call, pushes }) => pushes.map(({ state }) => bodyKeyOf(call, state))),
    (content) => content,
  );
}

/** For each body: number of different pushes. */
function distinctPushes(found: readonly PushOfCall[]): Map<string, number> {
  const byId = new Map(found.map((each) => [each.push, each]));
  return countBy([...byId.values()], ({ call, state }) => bodyKeyOf(call, state));
}

function groupByCall(pushes: readonly PushOfCall[]): Map<string, PushOfCall[]> {
  const groups = new Map<string, PushOfCall[]>();
  for (const push of pushes) {
    const group = groups.get(push.call);
    if (group === undefined) groups.set(push.call, [push]);
    else group.push(push);
  }
  return groups;
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}
