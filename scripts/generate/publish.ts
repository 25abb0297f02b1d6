import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadPushes } from "./load.js";
import type { PushFile, PushNode } from "./schema.js";

/** Writes a self-contained JSON Schema for each push, for users of the package. */
export function publishSchemas(schemasDir: string, toDir: string): void {
  mkdirSync(toDir, { recursive: true });
  for (const push of loadPushes(schemasDir)) {
    writeFileSync(join(toDir, `${push.name}.json`), `${JSON.stringify(published(push), null, 2)}\n`);
  }
}

/** A schema without references: each is replaced by its target. */
export function published({ schema }: PushFile): PushNode {
  return JSON.parse(JSON.stringify(schema, withoutInnerIds));
}

/** Removes the `$id` of inlined parts. Otherwise a part that is used twice would declare its `$id` twice. */
function withoutInnerIds(this: object, key: string, value: unknown): unknown {
  return (key === "$id" || key === "$schema") && !Object.hasOwn(this, "x-push") ? undefined : value;
}
