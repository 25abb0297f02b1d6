import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkOverlaps, checkPush } from "./conventions.js";
import { partsOf } from "./parts.js";
import { Resolver } from "./resolve.js";
import { type PushFile, type PushInfo, type PushNode, SchemaError, type WrittenPushInfo } from "./schema.js";

/**
 * Reads all push schemas in `schemas/push`, resolves their references and checks the conventions.
 *
 * @throws {SchemaError} at the first schema that violates a convention
 */
export function loadPushes(schemasDir: string): PushFile[] {
  const resolver = new Resolver(schemasDir);
  const names = jsonFiles(join(schemasDir, "push"));
  const pushes = names.map((name): PushFile => {
    const schema = resolver.file(`push/${name}.json`) as PushNode;
    checkPush(`schemas/push/${name}.json`, name, schema);
    return {
      name,
      ident: name.replace(/\W/g, "_"),
      schema,
      push: withDefaults(schema["x-push"]),
      samples: samplesOf(schemasDir, name),
    };
  });
  checkOverlaps(pushes);
  partsOf(pushes);
  return pushes;
}

function withDefaults(push: WrittenPushInfo): PushInfo {
  return { signRequired: push.sign === "Sign" || push.sign === "X-AIRudder-Sign", identifyPartial: [], ...push };
}

/** Reads one sample, as a path below `schemas/samples`. */
export function readSample(schemasDir: string, sample: string): unknown {
  const text = readFileSync(join(schemasDir, "samples", sample), "utf8");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SchemaError(`schemas/samples/${sample}`, "", `not JSON: ${(error as Error).message}`);
  }
}

function samplesOf(schemasDir: string, name: string): string[] {
  const dir = join(schemasDir, "samples", name);
  return existsSync(dir) ? jsonFiles(dir).map((sample) => `${name}/${sample}.json`) : [];
}

function jsonFiles(dir: string): string[] {
  return readdirSync(dir)
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -".json".length))
    .sort();
}
