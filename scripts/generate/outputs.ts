import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { catalogueSource } from "./catalogue.js";
import { loadPushes } from "./load.js";
import { pages } from "./pages.js";
import { readmeWith } from "./readme.js";
import { samplesSource } from "./samples.js";
import { typesSource } from "./types.js";
import { validatorsSource, validatorsTypes } from "./validators.js";

/** The folders that contain only generated files, relative to the root, with `/`. */
export const generatedFolders = ["middleware/src/generated", "schemas/pages"] as const;

/** The hand-written guide that contains a generated table of pushes. */
const README = "middleware/README.md";

/**
 * All generated files, from path (relative to the root, with `/`) to content.
 *
 * @throws {SchemaError} if a schema violates a convention
 */
export async function outputs(root: string): Promise<Map<string, string>> {
  const schemas = join(root, "schemas");
  const pushes = loadPushes(schemas);
  const [code, docs] = generatedFolders;
  const files = new Map([
    [`${code}/types.ts`, await typesSource(pushes)],
    [`${code}/validators.js`, await validatorsSource(pushes)],
    [`${code}/validators.d.ts`, validatorsTypes(pushes)],
    [`${code}/catalogue.ts`, catalogueSource(pushes)],
    [`${code}/samples.ts`, samplesSource(schemas, pushes)],
  ]);
  for (const [name, content] of pages(schemas, pushes)) files.set(`${docs}/${name}`, content);
  const readme = join(root, README);
  if (existsSync(readme)) files.set(README, readmeWith(readFileSync(readme, "utf8"), pushes));
  return files;
}
