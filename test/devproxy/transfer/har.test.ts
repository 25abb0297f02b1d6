import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { Ajv } from "ajv";
import draft6 from "ajv/dist/refs/json-schema-draft-06.json" with { type: "json" };
import { run, sample, send, startProxy } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";

interface Har {
  log: { version: string; creator: { name: string; version: string }; entries: Record<string, unknown>[] };
}

/** Whether a value is valid against the published schema of HAR 1.2. */
function harProblems(value: unknown): unknown {
  const schemas = createRequire(import.meta.url)("har-schema") as Record<string, object>;
  const ajv = new Ajv({ strict: false });
  ajv.addMetaSchema(draft6);
  const { har, ...parts } = schemas;
  for (const schema of Object.values(parts)) ajv.addSchema(schema);
  ajv.addFormat("uri", (text: string) => URL.canParse(text) && /^[!-~]+$/.test(text) && !/[<>"{}|\\^`]/.test(text));
  ajv.addFormat("date-time", (text: string) => !Number.isNaN(Date.parse(text)));
  for (const format of ["ipv4", "ipv6"]) ajv.addFormat(format, true);
  const isValid = ajv.compile(har as object);
  return isValid(value) ? undefined : isValid.errors;
}

/** Reads an entry as Chromium's importer does: it throws for a missing number, date or list. */
function readAsChromium(entry: Record<string, unknown>): void {
  const number = (value: unknown) => assert.ok(!Number.isNaN(Number(value ?? Number.NaN)), String(value));
  const text = (value: unknown) => assert.equal(typeof value, "string");
  const list = (value: unknown) => assert.ok(Array.isArray(value));
  const { startedDateTime, time } = entry;
  const { request, response, timings, cache } = entry as Record<string, Record<string, unknown>>;
  assert.ok(!Number.isNaN(new Date(String(startedDateTime)).getTime()));
  number(time);
  for (const part of [request, response]) {
    text(part?.httpVersion);
    for (const name of ["cookies", "headers"]) list(part?.[name]);
    for (const name of ["headersSize", "bodySize"]) number(part?.[name]);
  }
  for (const name of ["method", "url"]) text(request?.[name]);
  list(request?.queryString);
  const postData = request?.postData as Record<string, unknown>;
  text(postData.mimeType);
  text(postData.text);
  number(response?.status);
  for (const name of ["statusText", "redirectURL"]) text(response?.[name]);
  const content = response?.content as Record<string, unknown>;
  number(content.size);
  text(content.mimeType);
  text(content.text);
  assert.ok(content.encoding === undefined || content.encoding === "base64");
  for (const name of ["send", "wait", "receive"]) number(timings?.[name]);
  assert.equal(typeof cache, "object");
}

test("a HAR export is valid, has one entry per delivery, and has what Chromium's importer reads", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  const binary = Buffer.from([0xff, 0, 0xc3]);
  app.reply = ({ url }, response) => {
    if (url.includes("binary")) response.writeHead(201, { "set-cookie": ["a=1", "b=2"] }).end(binary);
    else response.writeHead(200, { "content-type": "application/json" }).end("{}");
  };
  await send(
    `${proxy.localUrl}?who=Budi Santoso&phone=%2B628123456789`.replace(" ", "%20"),
    sample("call.completed/answered"),
  );
  await send(`${proxy.localUrl}?binary&[x]={y}|z`, binary, { headers: { "content-type": "application/octet-stream" } });
  await send(proxy.localUrl, "");
  await proxy.replay({ ids: ["1"] });
  await app.stop();
  await proxy.replay({ ids: ["2"] }).catch(() => undefined);
  await proxy.close();
  const folder = makeFolder(t);
  for (const flags of [[], ["--reveal"]]) {
    const file = join(folder, "x.har");
    const { code, err } = await run(["export", "--as", "har", "--journal", dir, "--out", file, ...flags]);
    assert.equal(code, 0, err);
    const har = JSON.parse(readFileSync(file, "utf8")) as Har;
    assert.equal(harProblems(har), undefined, flags.join(" "));
    assert.equal(har.log.version, "1.2");
    for (const entry of har.log.entries) readAsChromium(entry);
    const own = har.log.entries.map(({ _airudder, response }) => {
      const { seq, type, cause } = _airudder as Record<string, unknown>;
      return [seq, type, cause, (response as { status: number }).status];
    });
    assert.deepEqual(own, [
      [1, "call.completed", "live", 200],
      [1, "call.completed", "replay", 200],
      [2, "unparsable", "live", 201],
      [2, "unparsable", "replay", 0],
      [3, "unparsable", "live", 200],
    ]);
    if (flags.length === 0) continue;
    const { request, response } = har.log.entries[2] as Record<
      string,
      Record<string, Record<string, { name: string }>>
    >;
    const base64 = binary.toString("base64");
    assert.deepEqual([request?.postData?.encoding, request?.postData?.text], ["base64", base64]);
    assert.deepEqual([response?.content?.encoding, response?.content?.text], ["base64", base64]);
    assert.deepEqual(
      Object.values(response?.headers ?? {}).filter(({ name }) => name === "set-cookie"),
      [
        { name: "set-cookie", value: "a=1" },
        { name: "set-cookie", value: "b=2" },
      ],
    );
  }
});

test("the schema of HAR rejects an entry without a start time", () => {
  const har = { log: { version: "1.2", creator: { name: "a", version: "1" }, entries: [{ time: 1 }] } };
  assert.notEqual(harProblems(har), undefined);
});

/** An entry as browsers write it. */
function entry(request: object, rest: object = {}): object {
  const headers = [
    { name: ":authority", value: "x.test" },
    { name: "Content-Type", value: "application/json" },
    { name: "X-Two", value: "1" },
    { name: "x-two", value: "2" },
    { name: "Airudder-Token", value: "s3cret" },
    { name: "Airudder-Replay", value: "x" },
  ];
  return {
    startedDateTime: "2026-01-31T09:00:00.000+01:00",
    request: { method: "POST", url: "https://x.test/in/s3cret?a=1&token=s3cret&b", headers, ...request },
    ...rest,
  };
}

const json = sample("call.completed/answered").toString();
const odd: [string, object, string | undefined][] = [
  ["text", entry({ postData: { mimeType: "application/json", text: json } }), undefined],
  ["base64", entry({ postData: { text: "/wDD", encoding: "base64" } }), undefined],
  ["an empty body", entry({ postData: { text: "" } }), undefined],
  ["GET", entry({ method: "GET" }), "the method is not POST"],
  ["no body", entry({}), "the request has no body"],
  ["a body of parameters", entry({ postData: { params: [{ name: "a", value: "1" }] } }), "the request has no body"],
  ["no URL", entry({ url: undefined, postData: { text: "" } }), "the entry has no URL"],
  ["broken base64", entry({ postData: { text: "/w*D", encoding: "base64" } }), "the body is not valid base64"],
  ["an unknown encoding", entry({ postData: { text: "", encoding: "gzip" } }), "the encoding of the body is unknown"],
  ["half a character", entry({ postData: { text: "\ud800" } }), "the body is not valid Unicode"],
  [
    "lost bytes",
    entry({ postData: { text: "{\ufffd}" }, bodySize: 3 }),
    "the body contains bytes that the file does not",
  ],
  ["null", null as unknown as object, "the method is not POST"],
];

test("import reads the POST requests of any HAR file, without tokens, and reports the other entries", async (t) => {
  const folder = makeFolder(t);
  const file = join(folder, "x.har");
  writeFileSync(file, `\ufeff${JSON.stringify({ log: { entries: odd.map(([, value]) => value) } }, null, 1)}`);
  const journal = join(folder, "journal");
  const { code, out, err } = await run(["import", file, "--journal", journal], { env: { AIRUDDER_KEY: "" } });
  assert.deepEqual([code, out], [0, `imported 3 pushes into ${journal}: #1 to #3\n`]);
  for (const [i, [what, , reason]] of odd.entries()) {
    const line = err.split("\n").find((one) => new RegExp(`entry ${i + 1}\\b`).test(one));
    assert.equal(line?.includes(`, because ${reason}: `), reason === undefined ? undefined : true, `${what}: ${line}`);
  }
  const shown = (await run(["show", "1", "--json", "--reveal", "--journal", journal])).lines()[0] as {
    head: Record<string, unknown>;
    headers: object;
  };
  const { at, url, type, verified, source, size } = shown.head;
  assert.deepEqual(
    { at, url, type, verified, source, size },
    {
      at: "2026-01-31T08:00:00.000Z",
      url: "/?a=1&b",
      type: "call.completed",
      verified: true,
      source: "import",
      size: Buffer.byteLength(json),
    },
  );
  assert.deepEqual(shown.headers, { "content-type": "application/json", "x-two": ["1", "2"] });
  const raw = (await run(["show", "2", "--raw", "--journal", journal])).stdout;
  assert.deepEqual(raw, Buffer.from([0xff, 0, 0xc3]));
  assert.doesNotMatch(readFileSync(join(journal, "000001.ndjson"), "utf8"), /s3cret/);
  assert.match((await run(["import", file, "--journal", journal])).out, /imported 0 pushes .*; 3 skipped/);
});
