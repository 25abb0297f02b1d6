import { SEARCH_KEYS, type SearchKey } from "airudder-webhooks/inspect";
import type { DeliveryHead, Head, MarkHead, PushHead } from "airudder-webhooks/journal";

type Types<T> = { [field in keyof T]-?: "string" | "number" | "boolean" | "string?" | "number?" | "boolean?" };

const PUSH: Omit<Types<PushHead>, "kind"> = {
  id: "string",
  seq: "number",
  at: "string",
  method: "string",
  url: "string",
  type: "string",
  verified: "boolean",
  source: "string",
  size: "number",
  sha256: "string",
  subject: "string?",
  ...(Object.fromEntries(SEARCH_KEYS.map((key) => [key, "string?"])) as Record<SearchKey, "string?">),
  drift: "number?",
  quarantined: "boolean?",
  reserialised: "boolean?",
  replay: "string?",
  imported: "boolean?",
  redacted: "boolean?",
  carried: "boolean?",
};
const DELIVERY: Omit<Types<DeliveryHead>, "kind"> = {
  push: "string",
  at: "string",
  target: "string",
  status: "number?",
  result: "string?",
  error: "string?",
  ms: "number",
  cause: "string",
  late: "boolean?",
  aside: "string?",
};
const MARK: Omit<Types<MarkHead>, "kind"> = {
  push: "string",
  at: "string",
  state: "string",
  attempt: "number?",
  error: "string?",
};
const FIELDS = { push: PUSH, delivery: DELIVERY, mark: MARK };

/** The fields of each kind with their types. Arrays, because they are iterated for every record. */
const CHECKS = Object.fromEntries(
  Object.entries(FIELDS).map(([kind, fields]) => [
    kind,
    Object.entries(fields).map(([name, type]) => ({
      name,
      type: type.replace("?", ""),
      isOptional: type.endsWith("?"),
    })),
  ]),
) as Record<Head["kind"], { name: string; type: string; isOptional: boolean }[]>;

/** Describes the first field of a record that has a wrong type; `undefined` if there is none. */
export function describeWrongField(head: Head): string | undefined {
  const fields = head as unknown as Record<string, unknown>;
  for (const { name, type, isOptional } of CHECKS[head.kind]) {
    const value = fields[name];
    if (typeof value !== type && !(isOptional && value === undefined)) return `the field ${name} is not a ${type}`;
  }
  return undefined;
}
