import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { describePush } from "airudder-webhooks/inspect";
import { isValidJson, Redactor } from "../../../devproxy/src/privacy/index.js";
import { run, send, startProxy } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { echo, leaks, plantedHeaders, plantedPushes } from "../../helpers/planted.js";
import { RecorderApp } from "../../helpers/recorder-app.js";
import { sampleText, schemasDir } from "../../schemas/pushes.js";

/** Every file of a folder. */
function textsIn(folder: string): [string, string][] {
  return readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]);
}

test("no planted value is in a redacted export of several hundred pushes, in any format", async (t) => {
  let count = 0;
  const app = await new RecorderApp((request, response) => {
    if (isValidJson(request.body.toString())) echo(request, response, count++);
    else response.writeHead(400, { "x-customer-name": "plantd" }).end(request.body);
  }).start();
  const { proxy, dir } = await startProxy(t, { app, target: `${app.url}?name=plantd` });
  const url = `${proxy.localUrl}?name=Budiplantd&phone=0867-5309-0008`;
  const pushes = [...plantedPushes, ...plantedPushes];
  for (const { body } of pushes) await send(url, body, { headers: plantedHeaders });
  await send(url, "plantd 0867-5309-0001, not JSON", { headers: plantedHeaders });
  await send(url, Buffer.concat([Buffer.from("plantd "), Buffer.from([0xff])]), { headers: plantedHeaders });
  await proxy.close();
  assert.ok(pushes.length > 300);
  const folder = makeFolder(t);
  writeFileSync(join(folder, "app.ts"), "");
  const app_ = ["--app", join(folder, "app.ts")];
  const errors: string[] = [];
  for (const [format, out, ...flags] of [
    ["har", "x.har"],
    ["ndjson", "x.ndjson"],
    ["curl", "scripts"],
    ["test", "x.test.ts", ...app_],
  ] as [string, string, ...string[]][]) {
    const args = ["export", "--as", format, "--journal", dir, ...flags];
    const { code, err } = await run([...args, "--out", join(folder, out)]);
    assert.equal(code, 0, err);
    assert.match(err, /^redacted [\d,]{4,} values in \d+ pushes; --reveal exports them as recorded$/m);
    errors.push(err);
    if (format === "curl") errors.push((await run([...args])).out);
  }
  const texts = [
    ...textsIn(join(folder, "scripts")),
    ...["x.har", "x.ndjson", "x.test.ts"].map((name): [string, string] => [
      name,
      readFileSync(join(folder, name), "utf8"),
    ]),
    ...errors.map((text): [string, string] => ["output", text]),
  ];
  const found = texts.flatMap(([name, text]) => leaks(`${name} ${text}`).map((leak) => `${name}: ${leak}`));
  assert.deepEqual(found.slice(0, 10), []);
  // JSON in JSON, and percent-encoding, do not hide a value.
  const decoded = texts.map(([, text]) => decodeURIComponentOf(text.replaceAll("\\", "")));
  assert.deepEqual(decoded.flatMap(leaks).slice(0, 10), []);
  // The values are in the journal: an export with --reveal contains them.
  const revealed = await run(["export", "--as", "ndjson", "--reveal", "--journal", dir]);
  const bodies = revealed.lines().flatMap(({ kind, body }) => (kind === "push" ? [String(body)] : []));
  assert.deepEqual(
    bodies.slice(0, plantedPushes.length),
    plantedPushes.map(({ body }) => body),
  );
  assert.equal(revealed.err, "");
});

function decodeURIComponentOf(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (encoded) => {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return encoded;
    }
  });
}

test("the artificial values of an exported test keep each sample valid, and keep its type", () => {
  const redactor = new Redactor("secret", false);
  let validCount = 0;
  const samples = readdirSync(join(schemasDir, "samples"), { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".json"),
  );
  for (const file of samples) {
    const text = sampleText(file.replaceAll("\\", "/"));
    const before = describePush(Buffer.from(text));
    const artificial = redactor.artificialPayload(before, text);
    const after = describePush(Buffer.from(artificial));
    assert.equal(after.type, before.type, file);
    assert.equal(after.quarantined, before.quarantined, file);
    const drift = (found: typeof before) => found.drift.map(({ path, kind }) => `${path} ${kind}`);
    if (before.drift.length > 0) continue;
    validCount++;
    assert.deepEqual(drift(after), [], `${file}: ${artificial}`);
    assert.notEqual(artificial, text, file);
  }
  assert.ok(validCount > 30, `${validCount}`);
});

test("placeholders and artificial values are stable: equal values stay equal, in each export", async (t) => {
  const { proxy, dir } = await startProxy(t);
  const payload = (CalleeNumber: string) => ({ TaskID: "t", Sign: "s", Details: [{ CallID: "c", CalleeNumber }] });
  for (const number of ["+628111111111", "+628222222222", "+628111111111"])
    await send(proxy.localUrl, JSON.stringify(payload(number)));
  await proxy.close();
  const folder = makeFolder(t);
  writeFileSync(join(folder, "app.ts"), "");
  for (const flags of [
    ["--as", "ndjson"],
    ["--as", "test", "--app", join(folder, "app.ts")],
  ]) {
    const [first, second] = [
      await run(["export", ...flags, "--journal", dir]),
      await run(["export", ...flags, "--journal", dir]),
    ];
    assert.equal(first.out, second.out);
    const numbers = [...first.out.matchAll(/CalleeNumber\W+([\w:+]+)/g)].map(([, number]) => number);
    assert.equal(numbers.length, 3);
    assert.equal(numbers[0], numbers[2]);
    assert.notEqual(numbers[0], numbers[1]);
  }
});
