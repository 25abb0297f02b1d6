import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { catalogue } from "../../middleware/src/generated/catalogue.js";
import { validate } from "../../middleware/src/push/validate.js";
import { loadPushes } from "../generate/load.js";
import { ajvOptions, strictSchema } from "../generate/validators.js";
import { compareFunctions, type Ratio, ratio } from "./compare-functions.js";
import { callCompleted } from "./zod.js";

const schemas = fileURLToPath(new URL("../../schemas", import.meta.url));
const name = "call.completed";

/** Changes that the vendor may make, as replacements in the JSON text. */
const badPushes: Record<string, [from: string, to: string]> = {
  "new field": ['"CaseID":', '"CaseName":"x","CaseID":'],
  "new value": ['"Status":"finished"', '"Status":"vanished"'],
  "missing field": ['"PlatformName":"AIRUDDER",', ""],
  "missing essential field": ['"CallID":"cad907xxxxxxxx35644a",', ""],
};

/** Result of a run. `overAjv` and `overZod`: how many times faster. `badPush`: how many times slower the slowest bad push is. */
export interface Result {
  bytes: number;
  microseconds: Record<string, number>;
  overAjv: Ratio;
  overZod: Ratio;
  badPush: Ratio;
}

/** Compares strict validation of the vendor's call.completed with Ajv at run time and with Zod, and bad pushes with a good one. */
export default async function run(): Promise<Result> {
  const schema = catalogue.find((entry) => entry.name === name);
  const source = loadPushes(schemas).find((push) => push.name === name);
  if (!schema || !source) throw new Error(`There is no schema ${name}`);
  const text = JSON.stringify(JSON.parse(readFileSync(join(schemas, "samples", name, "vendor-example.json"), "utf8")));
  const compiled = new Ajv(ajvOptions).compile(strictSchema(source.schema));

  const verdicts = compareFunctions({
    generated: over(text, (payload) => schema.strict(payload)),
    ajv: over(text, (payload) => compiled(payload)),
    zod: over(text, (payload) => callCompleted.safeParse(payload).success),
  });
  const costs = compareFunctions<string>({
    good: over(text, (payload) => validate(schema, payload).drift.length === 0),
    ...Object.fromEntries(
      Object.entries(badPushes).map(([what, [from, to]]) => [
        what,
        over(text.replace(from, to), (payload) => validate(schema, payload).drift.length === 1),
      ]),
    ),
  });
  const slowest = Object.keys(badPushes).reduce((a, b) =>
    (costs.microseconds[a] ?? 0) > (costs.microseconds[b] ?? 0) ? a : b,
  );
  const result: Result = {
    bytes: Buffer.byteLength(text),
    microseconds: { ...verdicts.microseconds, ...costs.microseconds },
    overAjv: ratio(verdicts.rounds.ajv, verdicts.rounds.generated),
    overZod: ratio(verdicts.rounds.zod, verdicts.rounds.generated),
    badPush: ratio(costs.rounds[slowest] ?? [], costs.rounds.good ?? []),
  };
  print(result);
  return result;
}

/** A function that checks many parsed copies of a payload: each received push is a new object. */
function over(text: string, check: (payload: object) => boolean): (times: number) => void {
  const copies = Array.from({ length: 64 }, () => JSON.parse(text) as object);
  if (!copies.every(check)) throw new Error("The payload of the benchmark has an unexpected verdict");
  return (times) => {
    let passed = 0;
    for (let i = 0; i < times; i++) if (check(copies[i & 63] as object)) passed++;
    if (passed !== times) throw new Error(`${times - passed} of ${times} payloads had an unexpected verdict`);
  };
}

function print({ bytes, microseconds, overAjv, overZod, badPush }: Result): void {
  const row = (what: string, { median, low, high }: Ratio, goal: string): string =>
    `${what.padEnd(56)} ${median.toFixed(2).padStart(6)}x  (${low.toFixed(2)} to ${high.toFixed(2)})  goal ${goal}`;
  const times = Object.entries(microseconds).map(([what, time]) => `${what} ${time.toFixed(2)} µs`);
  console.log(`Validating call.completed of ${bytes} bytes: ${times.join(", ")}`);
  console.log(row("strict, compared with Ajv compiled at run time", overAjv, ">= 1.0x"));
  console.log(row("strict, compared with Zod 4", overZod, ">= 3.0x"));
  console.log(row("time of the slowest bad push, compared with a good one", badPush, "<= 5.0x"));
}
