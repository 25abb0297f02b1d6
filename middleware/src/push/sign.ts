import { hash, timingSafeEqual } from "node:crypto";

/** The key that the vendor signs with when no other was agreed. It is public: anybody can sign with it. */
export const DEFAULT_KEY = "airudder";

/**
 * The `Sign` of a call completion: lower-case hex of md5(UTF-8 of TaskID + KEY). It covers the task's id alone: neither body nor time,
 * so it is the same for every call of a task.
 *
 * From the vendor's page on call completion in a workflow, field `Sign`.
 * @param key agreed with the vendor; default: the vendor's public key, `airudder`
 * @example sign("ac23fa05005e59b92e0b8a19fa5faf07", "airudder") // "4d6017151d678e816c678d90e56e6e28"
 */
export function sign(taskId: string, key: string = DEFAULT_KEY): string {
  return hash("md5", taskId + key);
}

/** Compares without telling by its duration where two texts differ. */
export function isEqual(left: string, right: string): boolean {
  const a = Buffer.from(left);
  const b = Buffer.from(right);
  return a.length === b.length && timingSafeEqual(a, b);
}

/**
 * Whether a payload's `Sign` is that of its `TaskID` with one of the keys.
 * @param key one key, or several while they are rotated; default: the vendor's public key
 * @returns `false` also when `TaskID` or `Sign` is no string
 * @example verifySign({ TaskID: "ac23…", Sign: "4d60…" }, "airudder")
 */
export function verifySign(payload: object, key: string | readonly string[] = DEFAULT_KEY): boolean {
  const { TaskID, Sign } = payload as { TaskID?: unknown; Sign?: unknown };
  if (typeof TaskID !== "string" || typeof Sign !== "string") return false;
  const given = Sign.toLowerCase();
  if (typeof key === "string") return isEqual(given, sign(TaskID, key));
  return key.some((candidate) => isEqual(given, sign(TaskID, candidate)));
}
