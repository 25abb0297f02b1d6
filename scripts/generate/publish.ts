import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadPushes } from "./load.js";
import type { PushFile, PushNode } from "./schema.js";

/** Writes the push schemas for users, each a file of its own. */
export function publishSchemas(schemasDir: string, toDir: string): void {
  mkdirSync(toDir, { recursive: true });
  for (const push of loadPushes(schemasDir)) {
    writeFileSync(join(toDir, `${push.name}.json`), `${JSON.stringify(published(push), null, 2)}\n`);
  }
}

/** A schema that needs no other: its references are replaced by what they point at. */
export function published({ schema }: PushFile): PushNode {
  return JSON.parse(JSON.stringify(schema, withoutInnerIds));
}

/** Only the root keeps its `$id`: an inlined part that kept its own would be declared once for each place. */
function withoutInnerIds(this: object, key: string, value: unknown): unknown {
  return (key === "$id" || key === "$schema") && !Object.hasOwn(this, "x-push") ? undefined : value;
}
