import type { PushKey } from "../generated/catalogue.js";
import type { PushType } from "../generated/types.js";
import { findSchema } from "../push/identify.js";
import { findKeys, findSubject } from "../push/subject.js";

/** The ids in a push, by the name that they have for all types. Absent if the payload does not contain them. */
export interface Subject extends Readonly<Partial<Record<PushKey, string>>> {
  /** One text for all pushes about the same call, agent, contact, task and so on. Handlers run in order per key. At most 256 characters. */
  readonly key?: string;
}

/**
 * Returns the ids of a push, by the name that they have for all types: `nodetask_id` and `node_id` are `node`; `TaskID`, `taskId`, `task_id` and `waba_task_id` are `task`; `CallID`,
 * `callid` and `call_id` are `call`; `CaseID` and `case_id` are `case`; `CalleeNumber`, `phoneNumber`, `callee_number` and `callee` are `phone`. If a push
 * has several `Details`, the ids are those of the first.
 * @example const { task, call } = subject(push);
 */
export function subject(push: { readonly type: string; readonly payload: object }): Subject {
  const schema = findSchema(push.payload, push.type === "unknown" ? undefined : (push.type as PushType));
  const key = findSubject(schema, push.payload);
  return { ...(key === undefined ? {} : { key }), ...findKeys(schema, push.payload) };
}

/**
 * Returns the called number, as received. In all known pushes it begins with `+`.
 * @example phone(push) // "+62000000001"
 */
export function phone(push: { readonly type: string; readonly payload: object }): string | undefined {
  return subject(push).phone;
}
