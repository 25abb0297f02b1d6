import fc from "fast-check";

type Container = Record<string, unknown> | unknown[];

const names = fc.constantFrom(
  "__proto__",
  "constructor",
  "State",
  "state",
  "TaskID",
  "Sign",
  "pds",
  "type",
  "body",
  "Details",
  "rows",
  "x",
);
const values = fc.oneof(
  fc.constantFrom("", "null", null, 0, -1, 1.5, 1e21, "TaskStatus", "normal", true, [], {}),
  fc.jsonValue({ maxDepth: 2 }),
);

/** One change at the nth value of the payload: removes it, replaces it, adds a field beside it, or copies another value over it. */
const change = fc.record({
  place: fc.nat(200),
  act: fc.constantFrom("remove", "replace", "add", "copy"),
  name: names,
  value: values,
});

/** Some changes to the text of a payload, as functions from text to text; printing a change shows what it does. */
export const mutations: fc.Arbitrary<(text: string) => string> = fc
  .array(change, { minLength: 1, maxLength: 4 })
  .map((changes) =>
    Object.assign(
      (text: string) => {
        const payload = JSON.parse(text);
        for (const { place, act, name, value } of changes) {
          const places = placesIn(payload);
          const [parent, key] = places[place % Math.max(places.length, 1)] ?? [payload, name];
          if (act === "remove") Reflect.deleteProperty(parent, key);
          else if (act === "replace") put(parent, key, value);
          else if (act === "add") put(parent, Array.isArray(parent) ? String(parent.length) : name, value);
          else put(parent, key, structuredClone(places[(place * 7) % Math.max(places.length, 1)]?.[2] ?? null));
        }
        return JSON.stringify(payload);
      },
      { toString: () => JSON.stringify(changes) },
    ),
  );

/** Sets an own property. Assigning to `__proto__` would set the prototype instead. */
function put(parent: Container, key: string, value: unknown): void {
  Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true });
}

type Place = [parent: Container, key: string, value: unknown];

function placesIn(value: unknown): Place[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]): Place[] => [
    [value as Container, key, child],
    ...placesIn(child),
  ]);
}
