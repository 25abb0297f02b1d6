import type { PushKey } from "../generated/catalogue.js";
import type { PushType } from "../generated/types.js";
import { findSchema } from "../push/identify.js";
import { findKeys, findSubject } from "../push/subject.js";

/** What a push is about, under one name for all types; `undefined` where the payload does not say. */
export interface PushIds extends Readonly<Partial<Record<PushKey, string>>> {
  /** One text for all pushes about the same thing, by which order is kept and duplicates are detected. At most 256 characters. */
  readonly subject?: string;
}

/**
 * The ids of a push under one name: `nodetask_id` and `node_id` are `node`; `TaskID`, `taskId`, `task_id` and `waba_task_id` are `task`; `CallID`,
 * `callid` and `call_id` are `call`; `CaseID` and `case_id` are `case`; `CalleeNumber`, `phoneNumber`, `callee_number` and `callee` are `phone`. If a push
 * has several `Details`, they are those of the first.
 * @example const { task, call } = pushIds(push);
 */
export function pushIds(push: { readonly type: string; readonly payload: object }): PushIds {
  const schema = findSchema(push.payload, push.type === "unknown" ? undefined : (push.type as PushType));
  const subject = findSubject(schema, push.payload);
  return { ...(subject === undefined ? {} : { subject }), ...findKeys(schema, push.payload) };
}

/**
 * The number that was called, as it came: with `+` in all pushes known.
 * @example phone(push) // "+62000000001"
 */
export function phone(push: { readonly type: string; readonly payload: object }): string | undefined {
  return pushIds(push).phone;
}
