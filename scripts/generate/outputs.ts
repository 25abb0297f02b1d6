import { join } from "node:path";
import { catalogueSource } from "./catalogue.js";
import { loadPushes } from "./load.js";
import { typesSource } from "./types.js";
import { validatorsSource, validatorsTypes } from "./validators.js";

/** Everything that is generated, from path (below the root, with `/`) to content. */
export async function outputs(root: string): Promise<Map<string, string>> {
  const pushes = loadPushes(join(root, "schemas"));
  const generated = "middleware/src/generated";
  return new Map([
    [`${generated}/types.ts`, await typesSource(pushes)],
    [`${generated}/validators.js`, await validatorsSource(pushes)],
    [`${generated}/validators.d.ts`, validatorsTypes(pushes)],
    [`${generated}/catalogue.ts`, catalogueSource(pushes)],
  ]);
}
