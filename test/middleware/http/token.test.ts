import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { airudder, fileInbox } from "airudder-webhooks";
import express from "express";
import fc from "fast-check";
import { HOSTS, type Host, serve } from "../../helpers/app.js";
import { makeFolder } from "../../helpers/folder.js";
import { callCompleted, KEY, post, webRequest } from "../../helpers/push.js";

const encoded = encodeURIComponent;

for (const token of ["t0ken", "a+b&c=d/e%20 f", "ключ", "a&token=b", "100%"]) {
  for (const [where, path, headers] of [
    ["?token=, encoded", `/?token=${encoded(token)}`, {}],
    ["?token=, after other parameters", `/?a=1&token=${encoded(token)}&b=%2F`, {}],
    ["?token=, with an encoded name", `/?%74oken=${encoded(token)}`, {}],
    ["the path", `/t/${encoded(token)}`, {}],
    ["the path, with a query", `/t/${encoded(token)}?a=1`, {}],
    ["the header", "/", { "airudder-token": Buffer.from(token).toString("latin1") }],
  ] as [string, string, Record<string, string>][]) {
    if (where === "the header" && /[^\x20-\x7e]/.test(token)) continue; // HTTP headers are ASCII
    test(`the token ${JSON.stringify(token)} is accepted in ${where}, and not stored`, async (t) => {
      const dir = makeFolder(t);
      const receiver = airudder({ key: KEY, token, inbox: fileInbox(dir) }).on("*", () => undefined);
      t.after(() => receiver.close());
      const { url } = await serve(t, receiver);
      assert.equal((await post(url + path, callCompleted(), { headers })).status, 200);
      await receiver.close();
      const text = readFileSync(join(dir, "000001.ndjson"), "utf8");
      const stored = JSON.parse(text.split("\n")[1] as string) as { url: string; headers: Record<string, string> };
      assert.equal(stored.url, path.startsWith("/?a=1&") ? "/?a=1&b=%2F" : path.endsWith("?a=1") ? "/?a=1" : "/");
      assert.equal(stored.headers["airudder-token"], undefined);
    });
  }
}

for (const [what, token, path] of [
  ["a + that is not encoded", "a+b", "/?token=a+b"],
  ["an & that is not encoded", "a&b", "/?token=a&b"],
  ["an & that is not encoded, before other parameters", "a&b", "/?x=1&token=a&b&y=2"],
] as const) {
  test(`a token with ${what} is accepted`, async () => {
    const receiver = airudder({ key: KEY, token }).on("*", () => undefined);
    const request = new Request(`http://a.test${path}`, webRequest(callCompleted()));
    assert.equal((await receiver.fetch(request)).status, 200);
  });
}

for (const [what, path, headers] of [
  ["no token", "/", {}],
  ["a wrong token in the query", "/?token=t0ke", {}],
  ["a wrong token in the path", "/t/t0ke", {}],
  ["a wrong token in the header", "/", { "airudder-token": "t0ken2" }],
  ["the right token under another name", "/?tokens=t0ken", {}],
  ["the right token in the middle of the path", "/t/t0ken/more", {}],
] as [string, string, Record<string, string>][]) {
  test(`${what}: 401 bad_token`, async () => {
    const receiver = airudder({ key: KEY, token: "t0ken", warnings: false }).on("*", () => assert.fail("handled"));
    const request = new Request(`http://a.test${path}`, webRequest(callCompleted(), headers));
    const response = await receiver.fetch(request);
    assert.deepEqual(
      [response.status, ((await response.json()) as { error: { code: string } }).error.code],
      [401, "bad_token"],
    );
  });
}

for (const host of Object.keys(HOSTS) as Host[]) {
  test(`${host}: a mount below a path accepts the token at the end of the path`, async (t) => {
    const receiver = airudder({ key: KEY, token: "t0ken" }).on("*", () => undefined);
    const app = express();
    app.use("/webhooks/airudder", receiver);
    const { url } = await serve(t, host === "node:http" ? receiver : app);
    assert.equal((await post(`${url}/webhooks/airudder/t/t0ken`, callCompleted())).status, 200);
  });
}

test("any token in any query is accepted, and the other parameters keep their bytes", async (t) => {
  const name = fc.stringMatching(/^[a-s][a-z0-9%+]{0,8}$/).filter((text) => !text.includes("%"));
  const value = fc.stringMatching(/^[a-z0-9%+.~-]{0,12}$/);
  const parts = fc.array(fc.tuple(name, value), { maxLength: 4 });
  const urls: string[] = [];
  const inbox = {
    open: async () => undefined,
    put: async ({ url }: { url: string }) => {
      urls.push(url);
      return "stored" as const;
    },
    consume: () => undefined,
    close: async () => undefined,
  };
  const token = "s3c+ret&=%/ü";
  const receiver = airudder({ key: KEY, token, inbox, duplicateWindowMs: 0 });
  const { url } = await serve(t, receiver);
  await fc.assert(
    fc.asyncProperty(parts, fc.nat(4), async (pairs, at) => {
      const rest = pairs.map(([key, text]) => `${key}=${text}`);
      const query = [...rest.slice(0, at), `token=${encoded(token)}`, ...rest.slice(at)].join("&");
      assert.equal((await post(`${url}/?${query}`, callCompleted())).status, 200);
      assert.equal(urls.pop(), rest.length === 0 ? "/" : `/?${rest.join("&")}`);
    }),
    { numRuns: 60 },
  );
});

test("a token that proxies copied into headers is not stored", async (t) => {
  const dir = makeFolder(t);
  const token = "s3c+ret/1";
  const receiver = airudder({ key: KEY, token, inbox: fileInbox(dir) }).on("*", () => undefined);
  t.after(() => receiver.close());
  const { url } = await serve(t, receiver);
  const path = `/?token=${encoded(token)}`;
  const headers = { "x-original-uri": path, referer: `https://a.test${path}`, "x-raw": token, "x-other": "1" };
  assert.equal((await post(url + path, callCompleted(), { headers })).status, 200);
  await receiver.close();
  const text = readFileSync(join(dir, "000001.ndjson"), "utf8");
  assert.doesNotMatch(text, /s3c/);
  assert.match(text, /"x-original-uri":"\/\?token=\[token\]".*"x-other":"1"/);
});

test("a short token does not change the headers that a replay needs", async (t) => {
  const dir = makeFolder(t);
  const receiver = airudder({ key: KEY, token: "json", inbox: fileInbox(dir) }).on("*", () => undefined);
  t.after(() => receiver.close());
  const { url } = await serve(t, receiver);
  assert.equal((await post(`${url}/?token=json`, callCompleted())).status, 200);
  await receiver.close();
  assert.match(readFileSync(join(dir, "000001.ndjson"), "utf8"), /"content-type":"application\/json/);
});
