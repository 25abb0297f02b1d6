/** JSON pointers (RFC 6901). */

/** Returns a name as a step of a JSON pointer: `a/b` is `/a~1b`. */
export function pointerStep(name: string): string {
  if (!name.includes("~") && !name.includes("/")) return `/${name}`;
  return `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** Returns the names in a JSON pointer: `/pds/body` is `["pds", "body"]`. The empty pointer, the root, has none. */
export function parsePointer(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** Reads the value at a parsed JSON pointer. Returns `undefined` if there is none. Inherited properties do not count. */
export function readAt(root: unknown, names: readonly string[]): unknown {
  let value = root;
  for (const name of names) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
