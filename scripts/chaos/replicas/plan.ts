import { callCompleted } from "../../load/pushes.js";
import { Random } from "../model/random.js";

/** One push of a plan. */
export interface PlannedPush {
  /** State of the call: the body is the same for the same call and state. */
  readonly state: number;
  /** Whether two copies are sent to two replicas at the same time. */
  readonly isTwice: boolean;
}

/** The pushes about one call, in the order in which they are sent. A call is a subject. */
export interface PlannedCall {
  readonly call: string;
  readonly pushes: readonly PlannedPush[];
}

const MAX_PUSHES_OF_CALL = 20;
/** Share of the pushes that are sent twice at once. */
const TWICE = 0.1;
/** Share of the pushes that are identical to the one before the previous push: the state goes from A to B and back to A. */
const BACK = 0.2;

/** Plans `size` pushes. Two consecutive pushes of a call always differ, so the inbox must keep each of them. */
export function planPushes(size: number, seed: number): PlannedCall[] {
  const random = new Random(seed);
  const calls: PlannedCall[] = [];
  for (let left = size; left > 0; ) {
    const pushes: PlannedPush[] = [];
    const count = Math.min(left, 1 + random.below(MAX_PUSHES_OF_CALL));
    for (let newest = -1; pushes.length < count; ) {
      const back = random.next() < BACK ? pushes.at(-2)?.state : undefined;
      const state = back ?? ++newest;
      pushes.push({ state, isTwice: random.next() < TWICE });
    }
    calls.push({ call: `call-${calls.length}`, pushes });
    left -= count;
  }
  return calls;
}

const CALL = "CALL-OF-THE-PUSH";
const STATE = "STATE-OF-THE-CALL";
const TASK = "task";
let template: string | undefined;

/** The body of a push: a signed call completion of 1.9 KB. */
export function bodyOf(call: string, state: number): string {
  template ??= withState(callCompleted(TASK, CALL));
  return template.replace(CALL, call).replace(STATE, String(state));
}

function withState(body: string): string {
  const push = JSON.parse(body);
  push.Details[0].Variables = { state: STATE };
  return JSON.stringify(push);
}

/** Whether the first attempt to handle a push fails. */
export function failsFirst(state: number): boolean {
  return state % 50 === 7;
}
