/** Maximum nesting of an output of `verify`, in levels. */
const MAX_DEPTH = 200;

/**
 * Copies an output of `verify` as plain JSON data, so that later changes of a live object do not change it. A `Map` becomes an object, a
 * `Set` a list, and a `bigint` a number. Functions are left out.
 * @throws Error, if the output is `undefined` or circular, nested too deeply, or contains a number that is not finite
 */
export function snapshot(output: unknown): unknown {
  const copied = copy(output, []);
  if (copied === undefined) throw new Error(`verify returned ${typeof output}. Return a number, or a JSON value.`);
  return copied;
}

function copy(value: unknown, parents: readonly unknown[]): unknown {
  if (typeof value === "number" && !Number.isFinite(value))
    throw new Error(`verify returned ${value}. Return finite numbers.`);
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === "function" || typeof value === "symbol") return undefined;
  if (typeof value !== "object" || value === null) return value;
  if (parents.includes(value)) throw new Error("verify returned a circular value. Return a number, or a JSON value.");
  if (parents.length >= MAX_DEPTH)
    throw new Error(`verify returned a value that is nested more than ${MAX_DEPTH} levels.`);
  const inside = [...parents, value];
  if ("toJSON" in value && typeof value.toJSON === "function") return copy(value.toJSON(), inside);
  if (value instanceof Set || Array.isArray(value)) return Array.from(value, (member) => copy(member, inside) ?? null);
  // Without a prototype, a member may have any name, such as "__proto__".
  const members: Record<string, unknown> = Object.create(null);
  const entries: Iterable<[unknown, unknown]> = value instanceof Map ? value : Object.entries(value);
  for (const [name, member] of entries) {
    const copied = copy(member, inside);
    if (copied !== undefined) members[typeof name === "object" ? JSON.stringify(name) : String(name)] = copied;
  }
  return members;
}
