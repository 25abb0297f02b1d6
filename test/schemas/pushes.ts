import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { loadPushes } from "../../scripts/generate/load.js";
import { published } from "../../scripts/generate/publish.js";
import type { PushFile } from "../../scripts/generate/schema.js";
import { ajvOptions } from "../../scripts/generate/validators.js";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const schemasDir = join(root, "schemas");
export const pushes = loadPushes(schemasDir);

/** The exact text of a sample. */
export function sampleText(sample: string): string {
  return readFileSync(join(schemasDir, "samples", sample), "utf8");
}

/** A new Ajv in strict mode that knows our annotations and nothing else. */
export function strictAjv(): Ajv {
  const ajv = new Ajv({ ...ajvOptions, strictRequired: true });
  ajv.addVocabulary([
    "x-provenance",
    "x-meaning",
    "x-source",
    "x-push",
    "x-essential",
    "x-known-values",
    "x-format",
    "x-unit",
    "x-personal",
  ]);
  return ajv;
}

/** Compiles a hand-written schema, with all its annotations, at run time. */
export function compile(push: PushFile): (data: unknown) => boolean {
  return strictAjv().compile(published(push));
}
