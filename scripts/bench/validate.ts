import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { catalogue } from "../../middleware/src/generated/catalogue.js";
import { validate } from "../../middleware/src/push/validate.js";
import { loadPushes } from "../generate/load.js";
import { ajvOptions, strictSchema } from "../generate/validators.js";
import { alternate, type Ratio, ratio } from "./compare-functions.js";
import { callCompleted } from "./zod.js";

const schemas = fileURLToPath(new URL("../../schemas", import.meta.url));
const name = "call.completed";

/** What the vendor may change, as what to put for what in the text. */
const badPushes: Record<string, [from: string, to: string]> = {
  "new field": ['"CaseID":', '"CaseName":"x","CaseID":'],
  "new value": ['"Status":"finished"', '"Status":"vanished"'],
  "missing field": ['"PlatformName":"AIRUDDER",', ""],
  "missing essential field": ['"CallID":"cad907xxxxxxxx35644a",', ""],
};

/** What a run found; each ratio is how many times as fast, or for the dearest bad push how many times as dear. */
export interface Result {
  bytes: number;
  microseconds: Record<string, number>;
  overAjv: Ratio;
  overZod: Ratio;
  badPush: Ratio;
}

/** Strict validation of the vendor's call.completed against Ajv at run time and Zod, and what a bad push costs. */
export default async function run(): Promise<Result> {
  const schema = catalogue.find((entry) => entry.name === name);
  const source = loadPushes(schemas).find((push) => push.name === name);
  if (!schema || !source) throw new Error(`There is no schema ${name}`);
  const text = JSON.stringify(JSON.parse(readFileSync(join(schemas, "samples", name, "vendor-example.json"), "utf8")));
  const compiled = new Ajv(ajvOptions).compile(strictSchema(source.schema));

  const verdicts = alternate({
    generated: over(text, (payload) => schema.strict(payload)),
    ajv: over(text, (payload) => compiled(payload)),
    zod: over(text, (payload) => callCompleted.safeParse(payload).success),
  });
  const costs = alternate<string>({
    good: over(text, (payload) => validate(schema, payload).drift.length === 0),
    ...Object.fromEntries(
      Object.entries(badPushes).map(([what, [from, to]]) => [
        what,
        over(text.replace(from, to), (payload) => validate(schema, payload).drift.length === 1),
      ]),
    ),
  });
  const dearest = Object.keys(badPushes).reduce((a, b) =>
    (costs.microseconds[a] ?? 0) > (costs.microseconds[b] ?? 0) ? a : b,
  );
  const result: Result = {
    bytes: Buffer.byteLength(text),
    microseconds: { ...verdicts.microseconds, ...costs.microseconds },
    overAjv: ratio(verdicts.rounds.ajv, verdicts.rounds.generated),
    overZod: ratio(verdicts.rounds.zod, verdicts.rounds.generated),
    badPush: ratio(costs.rounds[dearest] ?? [], costs.rounds.good ?? []),
  };
  print(result);
  return result;
}

/** Many parsed copies, as pushes come: each an object of its own. */
function over(text: string, check: (payload: object) => boolean): (times: number) => void {
  const copies = Array.from({ length: 64 }, () => JSON.parse(text) as object);
  if (!copies.every(check)) throw new Error("The payload of the bench is not judged as it should be");
  return (times) => {
    let passed = 0;
    for (let i = 0; i < times; i++) if (check(copies[i & 63] as object)) passed++;
    if (passed !== times) throw new Error(`${times - passed} of ${times} payloads were judged otherwise`);
  };
}

function print({ bytes, microseconds, overAjv, overZod, badPush }: Result): void {
  const row = (what: string, { median, low, high }: Ratio, goal: string): string =>
    `${what.padEnd(46)} ${median.toFixed(2).padStart(6)}x  (${low.toFixed(2)} to ${high.toFixed(2)})  goal ${goal}`;
  const times = Object.entries(microseconds).map(([what, time]) => `${what} ${time.toFixed(2)} µs`);
  console.log(`Validating call.completed of ${bytes} bytes: ${times.join(", ")}`);
  console.log(row("strict, against Ajv compiled at run time", overAjv, ">= 1.0x"));
  console.log(row("strict, against Zod 4", overZod, ">= 3.0x"));
  console.log(row("the dearest bad push, against a good one", badPush, "<= 5.0x"));
}
