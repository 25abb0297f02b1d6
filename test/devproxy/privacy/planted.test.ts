import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { openSnapshot } from "../../../devproxy/src/journal/index.js";
import { Redactor } from "../../../devproxy/src/privacy/index.js";
import { curlLines, detailJson, detailLines, Screen } from "../../../devproxy/src/report/index.js";
import { fieldsOf } from "../../../scripts/generate/fields.js";
import { fullPayload } from "../../../scripts/generate/full-payload.js";
import { isValue } from "../../../scripts/generate/personal.js";
import { ListenProcess, run, send, startRun, until } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { type Recorded, RecorderApp } from "../../helpers/recorder-app.js";
import { pushes } from "../../schemas/pushes.js";

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

function leaks(text: string): string[] {
  const joined = text.replace(/(?<=\d)[\s().,+/-]+(?=\d)/g, "");
  return [...joined.matchAll(/.{0,80}(?:plantd|8675309).{0,40}/gi)].map(([found]) => found);
}

interface Planted {
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

const all = pushes.flatMap((push) => FORMATS.map((format) => planted(push, format)));
const sentHeaders = {
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
function echo({ body }: Recorded, response: import("node:http").ServerResponse, count: number): void {
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

/** What a function prints on a Screen. */
async function printed(print: (out: Screen) => void | Promise<void>): Promise<string> {
  let text = "";
  const stream = Object.assign(Object.create(process.stdout), {
    write: (data: string | Buffer) => (text += data),
    on: () => stream,
    isTTY: false,
  });
  await print(new Screen(stream));
  return text;
}

function textOf({ out, err }: { out: string; err: string }): string {
  return out + err;
}

async function record(t: TestContext, app: RecorderApp, dir: string): Promise<string> {
  const listening = await ListenProcess.start(t, ["--target", app.url, "--journal", dir]);
  for (const { body } of all)
    await send(`${listening.localUrl}?name=Budiplantd&phone=0867-5309-0008`, body, { headers: sentHeaders });
  const deliveries = () => listening.events.filter(({ event }) => event === "delivery").length;
  await until(() => deliveries() >= all.length);
  await listening.stop();
  return JSON.stringify(listening.events) + listening.err;
}

test("no value planted in pushes, headers, keys, responses and errors is printed without --reveal", async (t) => {
  const app = await new RecorderApp().start();
  t.after(() => app.stop());
  let count = 0;
  app.reply = (request, response) => echo(request, response, count++);
  const dir = makeFolder(t);
  const outputs = new Map<string, string>([["listen --json", await record(t, app, dir)]]);
  const values = all.flatMap((one) => one.values);
  assert.ok(values.length > 400, `${values.length} values`);

  const listening = startRun(["listen", "--tunnel", "none", "--target", app.url, "--journal", dir]);
  let live = "";
  listening.child.stdout?.on("data", (chunk) => {
    live += chunk;
  });
  await until(() => /local\s+(http:\S+)/.test(live) && live.includes("journal"));
  const url = /local\s+(http:\S+)/.exec(live)?.[1] as string;
  for (const { body } of all.slice(0, 30)) await send(url, body, { headers: sentHeaders });
  await until(() => live.split("<--").length > 30);
  listening.child.kill("SIGTERM");
  const { out, err } = await listening.ended;
  outputs.set("listen", out + err);

  const at = ["--journal", dir];
  for (const args of [
    ["list", "--last", "1000"],
    ["list", "--json"],
    ["drift"],
    ["drift", "--json"],
    ["replay", "--dry-run", "--last", "1000"],
    ["replay", "--dry-run", "--json", "--last", "1000"],
    ["replay", "--dry-run", "1..13", "--set", "nodetask_name=Plantd", "--set", "Brand=0867-5309-0009"],
    ["replay", "--dry-run", "--json", "1..13", "--set", "nodetask_name=Plantd", "--set", "Brand=0867-5309-0009"],
    ["replay", "1..40", "--to", `${app.url}?name=plantd`],
    ["replay", "1..40", "--json"],
  ])
    outputs.set(args.join(" "), textOf(await run([...args, ...at])));
  const doctor = ["doctor", "--tunnel", "none", "--target", app.url, ...at];
  outputs.set("doctor", textOf(await run(doctor)));
  outputs.set("doctor --json", textOf(await run([...doctor, "--json"])));
  const reader = await openSnapshot(dir, {});
  const closed = await Redactor.of(dir, false);
  const open = await Redactor.of(dir, true);
  const place = { target: new URL(`${app.url}?name=plantd`), journal: dir };
  for (const [i, row] of reader.index.rows.entries()) {
    const content = await reader.content(row.location);
    const json = await printed(async (out) => out.json(await detailJson(reader, row, content, closed)));
    outputs.set(`show ${i + 1} --json`, json);
    const lines = printed(async (out) => {
      for (const line of await detailLines(reader, row, content, closed, out)) out.line(line);
    });
    outputs.set(`show ${i + 1}`, await lines);
    outputs.set(`show ${i + 1} --curl`, curlLines(row, content, closed, place).join("\n"));
    // The values were recorded at all.
    const revealed = await printed(async (out) => out.json(await detailJson(reader, row, content, open)));
    for (const value of all[i]?.values ?? []) assert.ok(revealed.includes(String(value)), String(value));
  }
  const found = [...outputs].flatMap(([name, text]) => {
    // Output may repeat the user's input.
    const leaked = leaks(text.replaceAll("nodetask_name=Plantd", ""));
    return leaked.length === 0 ? [] : [`${name}: ${leaked.length}: ${leaked.slice(0, 3).join(" | ")}`];
  });
  assert.deepEqual(found.slice(0, 20), []);
  for (const [name, text] of outputs) assert.ok(text.length > 20, `${name}: ${text}`);
});
