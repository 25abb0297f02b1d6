import { banner } from "./banner.js";
import { readSample } from "./load.js";
import { type PushFile, SchemaError } from "./schema.js";

/** The source of `samples.ts`: one payload for each schema, as a starting point for tests. */
export function samplesSource(schemasDir: string, pushes: readonly PushFile[]): string {
  const entries = pushes.map(({ name, samples }) => {
    const sample = samples.find((path) => !isDrift(path) && !path.endsWith("/vendor-example.json"));
    if (!sample)
      throw new SchemaError(`schemas/push/${name}.json`, "", `has no sample: add schemas/samples/${name}/NAME.json`);
    // In an object literal, `"__proto__":` sets the prototype; `["__proto__"]:` is a field.
    const text = JSON.stringify(readSample(schemasDir, sample)).replaceAll('"__proto__":', '["__proto__"]:');
    return `  // ${sample}\n  ${JSON.stringify(name)}: ${text},`;
  });
  return `${banner}/** A valid payload for each schema, by the schema's name. Copy before changing. */
export const samples: { readonly [name: string]: Readonly<Record<string, unknown>> } = {
${entries.join("\n")}
};
`;
}

/** Whether a sample differs from its schema on purpose. */
export function isDrift(sample: string): boolean {
  return sample.includes("/drift-");
}
