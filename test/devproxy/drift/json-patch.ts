import assert from "node:assert/strict";
import type { Operation } from "airudder-devproxy";

type Holder = Record<string, unknown> | unknown[];

/** Applies a JSON patch (RFC 6902) to a copy, as strictly as the RFC requires: fails if a path does not exist. */
export function applyPatch<T>(document: T, patch: readonly Operation[]): T {
  const copy = structuredClone(document);
  for (const { op, path, value } of patch) {
    const steps = path
      .split("/")
      .slice(1)
      .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
    const last = steps.pop();
    assert.ok(last !== undefined, "a patch of the whole document");
    const holder = steps.reduce<unknown>((node, step) => own(node, step, path), copy) as Holder;
    if (op === "add") add(holder, last, value, path);
    else {
      const there = own(holder, last, path);
      if (op === "test") assert.deepEqual(there, value, `test ${path}`);
      else if (op === "replace") Object.assign(holder, { [last]: value });
      else if (Array.isArray(holder)) holder.splice(Number(last), 1);
      else delete holder[last];
    }
  }
  return copy;
}

function own(node: unknown, step: string, path: string): unknown {
  assert.ok(typeof node === "object" && node !== null && Object.hasOwn(node, step), `there is nothing at ${path}`);
  return (node as Record<string, unknown>)[step];
}

function add(holder: Holder, last: string, value: unknown, path: string): void {
  if (!Array.isArray(holder)) {
    Object.defineProperty(holder, last, { value, enumerable: true, writable: true, configurable: true });
    return;
  }
  const index = last === "-" ? holder.length : Number(last);
  assert.ok(index >= 0 && index <= holder.length, `out of bounds at ${path}`);
  holder.splice(index, 0, value);
}
