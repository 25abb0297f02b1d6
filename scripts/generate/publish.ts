import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadPushes } from "./load.js";

/** Writes the push schemas for users: each a file of its own, with its references replaced by what they point at. */
export function publishSchemas(schemasDir: string, toDir: string): void {
  mkdirSync(toDir, { recursive: true });
  for (const { name, schema } of loadPushes(schemasDir)) {
    writeFileSync(join(toDir, `${name}.json`), `${JSON.stringify(schema, withoutInnerIds, 2)}\n`);
  }
}

/** Only the root keeps its `$id`: an inlined part that kept its own would be declared once for each place. */
function withoutInnerIds(this: unknown, key: string, value: unknown): unknown {
  return (key === "$id" || key === "$schema") && !Object.hasOwn(this as object, "x-push") ? undefined : value;
}
