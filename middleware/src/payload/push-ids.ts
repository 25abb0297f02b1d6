import type { PushKey } from "../generated/catalogue.js";
import type { PushType } from "../generated/types.js";
import { findSchema } from "../push/identify.js";
import { findIds, findSubject } from "../push/subject.js";

/** The ids of a push, under the same names for all types. An id that the payload lacks is absent. */
export interface PushIds extends Readonly<Partial<Record<PushKey, string>>> {
  /**
   * Identifies what the push is about, such as a call, agent or task. Equal for all pushes about it: they stay in order, and duplicates are
   * detected among them. At most 256 characters.
   */
  readonly subject?: string;
}

/**
 * The ids of a push, under the same names for all types. If a push has several `Details`, the ids are those of the first.
 *
 * | name | fields |
 * | --- | --- |
 * | `workflow` | `workflow_id` |
 * | `node` | `nodetask_id`, `node_id` |
 * | `task` | `TaskID`, `taskId`, `waba_task_id` |
 * | `call` | `CallID`, `callid`, `call_id` |
 * | `case` | `CaseID`, `case_id` |
 * | `agent` | `agentName` |
 * | `phone` | `CalleeNumber`, `phoneNumber`, `callee_number`, `callee` |
 * @example const { task, call } = pushIds(push);
 */
export function pushIds(push: { readonly type: string; readonly payload: object }): PushIds {
  const schema = findSchema(push.payload, push.type === "unknown" ? undefined : (push.type as PushType));
  const subject = findSubject(schema, push.payload);
  return { ...(subject === undefined ? {} : { subject }), ...findIds(schema, push.payload) };
}

/**
 * The number that was called, unchanged; `undefined` if the payload has none. In all known pushes it starts with `+`.
 * @example phone(push) // "+62000000001"
 */
export function phone(push: { readonly type: string; readonly payload: object }): string | undefined {
  return pushIds(push).phone;
}
