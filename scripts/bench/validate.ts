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
const changedPushes: Record<string, [from: string, to: string]> = {
  "new field": ['"CaseID":', '"CaseName":"x","CaseID":'],
  "new value": ['"Status":"finished"', '"Status":"vanished"'],
  "missing field": ['"PlatformName":"AIRUDDER",', ""],
  "missing essential field": ['"CallID":"cad907xxxxxxxx35644a",', ""],
};

/** Result of a run. */
export interface Result {
  bytes: number;
  microseconds: Record<string, number>;
  speedupOverAjv: Ratio;
  speedupOverZod: Ratio;
  /** How many times longer the validation of the slowest changed push takes. */
  slowdownOfChangedPush: Ratio;
}

/** Compares strict validation of the vendor's call.completed with Ajv at run time and with Zod, and changed pushes with the unchanged one. */
export default async function run(): Promise<Result> {
  const schema = catalogue.find((entry) => entry.name === name);
  const source = loadPushes(schemas).find((push) => push.name === name);
  if (!schema || !source) throw new Error(`There is no schema ${name}`);
  const text = JSON.stringify(JSON.parse(readFileSync(join(schemas, "samples", name, "vendor-example.json"), "utf8")));
  const compiled = new Ajv(ajvOptions).compile(strictSchema(source.schema));

  const checks = compareFunctions({
    generated: repeatCheck(text, (payload) => schema.strict(payload)),
    ajv: repeatCheck(text, (payload) => compiled(payload)),
    zod: repeatCheck(text, (payload) => callCompleted.safeParse(payload).success),
  });
  const costs = compareFunctions<string>({
    unchanged: repeatCheck(text, (payload) => validate(schema, payload).drift.length === 0),
    ...Object.fromEntries(
      Object.entries(changedPushes).map(([what, [from, to]]) => [
        what,
        repeatCheck(text.replace(from, to), (payload) => validate(schema, payload).drift.length === 1),
      ]),
    ),
  });
  const slowest = Object.keys(changedPushes).reduce((a, b) =>
    (costs.microseconds[a] ?? 0) > (costs.microseconds[b] ?? 0) ? a : b,
  );
  const result: Result = {
    bytes: Buffer.byteLength(text),
    microseconds: { ...checks.microseconds, ...costs.microseconds },
    speedupOverAjv: ratio(checks.rounds.ajv, checks.rounds.generated),
    speedupOverZod: ratio(checks.rounds.zod, checks.rounds.generated),
    slowdownOfChangedPush: ratio(costs.rounds[slowest] ?? [], costs.rounds.unchanged ?? []),
  };
  print(result);
  return result;
}

/** A function that checks many parsed copies of a payload: each received push is a new object. */
function repeatCheck(text: string, check: (payload: object) => boolean): (count: number) => void {
  const copies = Array.from({ length: 64 }, () => JSON.parse(text) as object);
  if (!copies.every(check)) throw new Error("The check of a payload failed before the measurement");
  return (count) => {
    let passed = 0;
    for (let i = 0; i < count; i++) if (check(copies[i & 63] as object)) passed++;
    if (passed !== count) throw new Error(`The check of ${count - passed} of ${count} payloads failed`);
  };
}

function print({ bytes, microseconds, speedupOverAjv, speedupOverZod, slowdownOfChangedPush }: Result): void {
  const row = (what: string, { median, low, high }: Ratio, goal: string): string =>
    `${what.padEnd(56)} ${median.toFixed(2).padStart(6)}x  (${low.toFixed(2)} to ${high.toFixed(2)})  goal ${goal}`;
  const times = Object.entries(microseconds).map(([what, time]) => `${what} ${time.toFixed(2)} µs`);
  console.log(`Validating call.completed of ${bytes} bytes: ${times.join(", ")}`);
  console.log(row("strict, compared with Ajv compiled at run time", speedupOverAjv, ">= 1.0x"));
  console.log(row("strict, compared with Zod 4", speedupOverZod, ">= 3.0x"));
  console.log(row("slowest changed push, time compared with unchanged", slowdownOfChangedPush, "<= 5.0x"));
}
