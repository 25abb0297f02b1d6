import { catalogue } from "../../generated/catalogue.js";
import type { PushType } from "../../generated/types.js";
import { stateTime } from "../../payload/newest-state.js";
import { samplePush } from "../sample-push.js";
import type { DrillPush, PreparedPush } from "./renew.js";

// The pushes of the scenarios. Their ids are replaced before each run.

/** Bytes of the large push. Below the limit of the receiver, 1 MiB, and above the default limits of body parsers. */
const LARGE_BYTES = 1_000_000;
/** Bytes of the push that is too large. */
const HUGE_BYTES = 10 * 1024 * 1024 + 1_024;
/** The time of the first state, ms since 1970. */
const STATE_TIME = 1_736_910_000_000;
const STATE_INTERVAL_MS = 1_000;
/** The task of all states. */
const TASK_ID = "aa11bb22cc33dd44ee55ff6600778899";

function pushOf(payload: object): DrillPush {
  return { body: Buffer.from(JSON.stringify(payload)) };
}

/** The type of the pushes that most scenarios send. */
export const USUAL_TYPE = "call.completed";

/** The other types, for an app that does not handle the usual one. */
export const OTHER_TYPES: readonly PushType[] = [...new Set(catalogue.map(({ type }) => type))].filter(
  (type) => type !== USUAL_TYPE,
);

/** Several pushes of a type with different ids. */
export function samples(type: PushType, count: number): DrillPush[] {
  return Array.from({ length: count }, (_, i) => pushOf(samplePush(type, {}, { seed: i + 1 })));
}

/** A finished call. */
export function call(): DrillPush {
  return pushOf(samplePush(USUAL_TYPE, {}, { seed: 1 }));
}

/** Two finished calls of one task. */
export function callsOfOneTask(): DrillPush[] {
  return [1, 2].map((seed) => pushOf(samplePush(USUAL_TYPE, { TaskID: TASK_ID }, { seed })));
}

/** A push of almost 1 MB: a call with a long transcript, or a push with a long unknown field. */
export function largePush(type: PushType): DrillPush {
  if (type === USUAL_TYPE) return callOfSize(LARGE_BYTES);
  return pushOf({ ...samplePush(type, {}, { seed: 1 }), drill_text: "Drill. ".repeat(LARGE_BYTES / 7 - 1_000) });
}

/** A push that no receiver should accept because of its size. */
export function hugeCall(): DrillPush {
  return callOfSize(HUGE_BYTES);
}

function callOfSize(bytes: number): DrillPush {
  const turn = { time: "00:00:00", robottext: "Drill. ".repeat(1_000), text: "" };
  const turns = Array.from({ length: Math.floor(bytes / JSON.stringify(turn).length) }, () => turn);
  return pushOf(samplePush("call.completed", { Details: [{ AsrResult: turns }] }, { seed: 1 }));
}

/** The states of a contact and of an agent during one call, in order. */
export function states(): DrillPush[] {
  return ["RINGING", "HANGUP"].flatMap((state, i) => [contact(state, i), agent(state, i)]);
}

/** The states of a contact, in order, and the end of its task. */
export function statesOfFinishedTask(): DrillPush[] {
  const body = { taskId: TASK_ID, state: "Finished", endTime: "2025-01-15T04:00:00Z" };
  return [
    contact("RINGING", 0),
    contact("HANGUP", 1),
    pushOf(samplePush("dialer.task", { pds: { body } }, { seed: 1 })),
  ];
}

export function contact(state = "HANGUP", index = 0): DrillPush {
  const body = { taskId: TASK_ID, state, timestamp: timestampOf(index) };
  return pushOf(samplePush("dialer.contact", { pds: { body } }, { seed: 1 }));
}

function agent(State: string, index: number): DrillPush {
  const body = { taskId: TASK_ID, State, timestamp: timestampOf(index) };
  return pushOf(samplePush("dialer.agent", { pds: { body } }, { seed: 1 }));
}

function timestampOf(index: number): string {
  return String(STATE_TIME + index * STATE_INTERVAL_MS);
}

/** A JSON object of an unknown type. */
export function unknownPush(): DrillPush {
  return pushOf({ drill: "a JSON object of an unknown type", version: 1 });
}

/** A body that is not JSON. */
export function notJson(): DrillPush {
  return { body: Buffer.from('{"workflow_id": "not JSON') };
}

/** A finished call, formatted as no serializer does. Bodies that differ only in `space` become equal if they are parsed and serialized again. */
export function unusualCall(space: string): DrillPush {
  const payload = samplePush("call.completed", { Details: [{ Comments: "1.0 \u{1F600} \u00e9 /" }] }, { seed: 1 });
  const text = JSON.stringify(payload, undefined, space).replaceAll("/", "\\/").replaceAll("\u00e9", "\\u00e9");
  return { body: Buffer.from(`${text}\n`) };
}

/**
 * Swaps neighbours, so that newer states arrive first. Two pushes of one subject keep their order if no timestamp tells which one is newer.
 */
export function swapNeighbours(pushes: readonly PreparedPush[]): PreparedPush[] {
  // Moves a push before the previous one of its subject: with other subjects in between, neighbours in the list may not be related.
  const swapped: PreparedPush[] = [];
  const moved = new Set<PreparedPush>();
  for (const push of pushes) {
    const index = swapped.findLastIndex((other) => push.subject !== undefined && other.subject === push.subject);
    const previous = swapped[index];
    if (previous !== undefined && !moved.has(previous) && isNewer(push, previous)) {
      swapped.splice(index, 0, push);
      moved.add(push).add(previous);
    } else swapped.push(push);
  }
  return swapped;
}

/** Holds back every newest state of a subject, until all other pushes have arrived. The order of the pushes of a subject does not change. */
export function delayLast(pushes: readonly PreparedPush[]): PreparedPush[] {
  const isLast = (push: PreparedPush, i: number) =>
    push.subject !== undefined && isState(push) && !pushes.some((other, j) => j > i && other.subject === push.subject);
  return [...pushes.filter((push, i) => !isLast(push, i)), ...pushes.filter(isLast)];
}

/** The last push of each subject. The receiver treats a retry as a duplicate only if it equals this push. */
export function lastOfEach(pushes: readonly PreparedPush[]): PreparedPush[] {
  return pushes.filter(
    ({ subject }, i) => subject === undefined || !pushes.some((other, j) => j > i && other.subject === subject),
  );
}

function isState({ payload }: PreparedPush): boolean {
  return payload !== undefined && stateTime(payload as never) !== undefined;
}

function isNewer(push: PreparedPush, previous: PreparedPush): boolean {
  if (!isState(push) || !isState(previous)) return false;
  return (stateTime(push.payload as never) as Date) > (stateTime(previous.payload as never) as Date);
}
