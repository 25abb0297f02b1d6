import type { HeaderMap } from "airudder-webhooks/journal";

export function isHeaderMap(headers: unknown): headers is HeaderMap {
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) return false;
  return Object.values(headers).every(
    (value) => typeof value === "string" || (Array.isArray(value) && value.every((one) => typeof one === "string")),
  );
}

/** Headers as a journal contains them: names in lower case. A header whose names differ only in letter case has all their values. */
export function withLowerCaseNames(headers: HeaderMap): HeaderMap {
  if (Object.keys(headers).every((name) => name === name.toLowerCase())) return headers;
  const values = new Map<string, string | string[]>();
  for (const [name, value] of Object.entries(headers)) {
    const key = name.toLowerCase();
    const known = values.get(key);
    values.set(key, known === undefined ? value : [known, value].flat());
  }
  return Object.fromEntries(values);
}
