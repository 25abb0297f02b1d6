import { hash, timingSafeEqual } from "node:crypto";

/** The key that the vendor uses by default. It is public: anybody can sign with it. */
export const DEFAULT_KEY = "airudder";

/**
 * The `Sign` of a call completion: the MD5 hash of TaskID + KEY (UTF-8), in lower-case hex. It covers only the TaskID, so it is the same
 * for every call of a task.
 *
 * From the vendor's page on call completion in a workflow, field `Sign`.
 * @param key the key agreed with the vendor; default: the vendor's published key `airudder`
 * @example sign("ac23fa05005e59b92e0b8a19fa5faf07", "airudder") // "4d6017151d678e816c678d90e56e6e28"
 */
export function sign(taskId: string, key: string = DEFAULT_KEY): string {
  return hash("md5", taskId + key);
}

/** Whether two strings are equal. Takes the same time for all strings of equal length, so that it does not reveal a secret. */
export function equalsInConstantTime(left: string, right: string): boolean {
  const a = Buffer.from(left);
  const b = Buffer.from(right);
  return a.length === b.length && timingSafeEqual(a, b);
}

/**
 * Whether the `Sign` of a payload matches its `TaskID` and one of the keys.
 * @param key one key, or several during a rotation; default: the vendor's published key
 * @returns `false` if not, or if `TaskID` or `Sign` is not a string
 * @example verifySign({ TaskID: "ac23…", Sign: "4d60…" }, "airudder")
 */
export function verifySign(payload: object, key: string | readonly string[] = DEFAULT_KEY): boolean {
  const { TaskID, Sign } = payload as { TaskID?: unknown; Sign?: unknown };
  if (typeof TaskID !== "string" || typeof Sign !== "string") return false;
  const given = Sign.toLowerCase();
  if (typeof key === "string") return equalsInConstantTime(given, sign(TaskID, key));
  return key.some((candidate) => equalsInConstantTime(given, sign(TaskID, candidate)));
}
