import type { ServerResponse } from "node:http";
import { fieldsOf } from "../../scripts/generate/fields.js";
import { fullPayload } from "../../scripts/generate/full-payload.js";
import { isValue } from "../../scripts/generate/personal.js";
import { pushes } from "../schemas/pushes.js";
import type { Recorded } from "./recorder-app.js";

/** Each word of a planted text holds `plantd`, each planted number the digits 8675309, maybe with separators. */
const FORMATS: readonly ((n: number) => string | number)[] = [
  (n) => `+62 811-867-5309-${n}`,
  (n) => `0867-5309-${String(n).padStart(4, "0")}`,
  (n) => `(0867) 530 9${String(n).padStart(3, "0")}`,
  (n) => `08675309${String(n).padStart(4, "0")}`,
  (n) => `ask.plantd${n}@mail.plantd.test`,
  (n) => `Budiplantd${n} Santosoplantd${n}`,
  (n) => `Plantd${n}`,
  (n) => `Jalanplantd${n} Melatiplantd${n} 5, Plantd ${n}`,
  (n) => `Plantd said, plantd will plantd after plantd ${n}`,
  (n) => `8675309012345${String(n).padStart(3, "0")}`,
  (n) => `Rp 8.675.309,${n}`,
  (n) => `1990-01-01 plantd${n}`,
  (n) => 8675309_0000 + n,
];

/** The parts of a text that contain a planted value. */
export function leaks(text: string): string[] {
  const joined = text.replace(/(?<=\d)[\s().,+/-]+(?=\d)/g, "");
  return [...joined.matchAll(/.{0,80}(?:plantd|8675309).{0,40}/gi)].map(([found]) => found);
}

export interface Planted {
  body: string;
  values: (string | number)[];
}

/** A push of a schema. Every field has a value of a format; every object that may have other fields has an undocumented one. */
function planted({ schema, push }: (typeof pushes)[number], format: (n: number) => string | number): Planted {
  const payload = fullPayload(schema);
  const values: (string | number)[] = [];
  const next = () => {
    const value = format(values.length + 1);
    values.push(value);
    return value;
  };
  const rules = push.identify.flatMap((rule) => Object.entries(rule));
  for (const { kind, steps, node } of fieldsOf(schema)) {
    const holder = steps
      .slice(0, -1)
      .reduce<unknown>((value, step) => (value as Record<string, unknown>)[step], payload);
    const step = steps.at(-1) as string;
    // The fields that identify the push stay, so that its schema applies.
    const isIdentity = rules.some(([pointer, rule]) => pointer === `/${steps.join("/")}` && typeof rule === "object");
    if (typeof holder !== "object" || holder === null || isIdentity) continue;
    const place = holder as Record<string, unknown>;
    if (kind === "other") place[`${next()} `] = next();
    else if (kind === "key") {
      delete place[step];
      // A single word may be a field name, which is printed.
      place[`${next()} `] = next();
    } else if (isValue(node)) place[step] = next();
  }
  return { body: JSON.stringify(payload), values };
}

/** A push of each schema in each format. */
export const plantedPushes = pushes.flatMap((push) => FORMATS.map((format) => planted(push, format)));
/** Headers of a request with planted values. */
export const plantedHeaders = {
  "user-agent": "Plantd/1.0 0867-5309-0001",
  "x-customer-name": "Budiplantd Santosoplantd",
  "x-customer-phone": "0867-5309-0002",
  "x-auth": "plantd",
  "x-session": "plantd",
  "x-amz-signature": "plantd",
  "x-json": '{"who":"plantd","phone":"08675309"}',
  referer: "https://plantd.test/0867-5309-0003",
  accept: "text/plantd",
  "0867-5309-0004": "1",
  "content-type": "application/json; profile=plantd",
};

/** Responds as an app that returns what it received: in headers, in bodies, and in the middleware's outcome. */
export function echo({ body }: Recorded, response: ServerResponse, count: number): void {
  const values: unknown[] = [];
  JSON.parse(body.toString(), (_, value) => {
    if (typeof value !== "object" && leaks(String(value)).length > 0) values.push(value);
    return value;
  });
  const quoted = values
    .slice(0, 5)
    .join(" and ")
    .replace(/[^ -~]/g, "?");
  const code = ["bad_token", "Plantd", "plantd 0867-5309-0005"][count % 3];
  const outcome = {
    type: "Plantd",
    verified: true,
    duplicate: "plantd",
    result: count % 2 ? "failed" : "plantd",
    error: `TypeError: no contact ${quoted} (${values[0]})`,
    plantd: "0867-5309-0006",
    drift: 86753090006,
  };
  response.writeHead(count % 2 ? 500 : 200, {
    "content-type": "application/json",
    "x-customer-name": "Budiplantd Santosoplantd",
    location: "/customers/plantd/0867-5309-0007",
    "x-powered-by": "plantd",
    "set-cookie": "plantd=1",
    "airudder-outcome": count % 5 === 0 ? "plantd 08675309" : JSON.stringify(outcome),
  });
  const error = {
    code,
    message: `It broke at ${quoted}`,
    stack: `Error: ${quoted}\n    at Receiver.handle (/app/x.js:1:2)`,
    count,
  };
  response.end(
    JSON.stringify({ error, customer: values[1] ?? "plantd", [`Plantd ${count}`]: count, text: `plantd ${count}` }),
  );
}
