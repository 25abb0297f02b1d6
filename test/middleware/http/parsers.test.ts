import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { airudder, fileInbox } from "airudder-webhooks";
import { type Before, HOSTS, serve } from "../../helpers/app.js";
import { makeFolder } from "../../helpers/folder.js";
import { callCompleted, KEY, post } from "../../helpers/push.js";
import { until } from "../../helpers/until.js";

/** Unusual JSON: it differs from the result of parsing and serialising it. */
const odd = JSON.stringify(callCompleted(), null, 3)
  .replace('"TalkRound": 1', '"TalkRound":1.0')
  .replace("+62", "+6\\u0032");

const keepRaw = (req: unknown, _res: unknown, bytes: Buffer): void => {
  (req as { rawBody?: Buffer }).rawBody = bytes;
};

interface Case {
  what: string;
  before: Before;
  body?: string | Buffer;
  headers?: Record<string, string>;
  raw: "exact" | "reserialised";
}

const accepted: Case[] = [
  { what: "no parser", before: () => {}, raw: "exact" },
  { what: "express.json()", before: (app, express) => app.use(express.json()), raw: "reserialised" },
  {
    what: "express.json() that keeps rawBody",
    before: (app, express) => app.use(express.json({ verify: keepRaw })),
    raw: "exact",
  },
  { what: "express.raw()", before: (app, express) => app.use(express.raw({ type: "*/*" })), raw: "exact" },
  { what: "express.text()", before: (app, express) => app.use(express.text({ type: "*/*" })), raw: "exact" },
  {
    what: "express.urlencoded(), which leaves JSON alone",
    before: (app, express) => app.use(express.urlencoded({ extended: false })),
    raw: "exact",
  },
  { what: "express.json() for another path", before: (app, express) => app.use("/api", express.json()), raw: "exact" },
  {
    what: "express.json() on gzip",
    before: (app, express) => app.use(express.json()),
    body: gzipSync(odd),
    headers: { "content-encoding": "gzip" },
    raw: "reserialised",
  },
  {
    what: "express.raw() on gzip, which decompresses and leaves the header",
    before: (app, express) => app.use(express.raw({ type: "*/*" })),
    body: gzipSync(odd),
    headers: { "content-encoding": "gzip" },
    raw: "exact",
  },
];

test("a push that express.raw() has decompressed is handled from the inbox after a restart", async (t) => {
  const dir = makeFolder(t);
  const first = airudder({ key: KEY, inbox: fileInbox(dir) });
  first.on("*", () => new Promise(() => {}));
  const { url } = await serve(
    t,
    HOSTS["Express 5"](first, (app, express) => app.use(express.raw({ type: "*/*" }))),
  );
  assert.equal((await post(url, gzipSync(odd), { headers: { "content-encoding": "gzip" } })).status, 200);
  await first.close({ timeoutMs: 1 });
  const second = airudder({ key: KEY, inbox: fileInbox(dir) });
  t.after(() => second.close());
  let raw = "";
  second.on("*", (push) => {
    raw = push.raw.toString();
  });
  await until(() => raw === odd);
});

for (const host of ["Express 5", "Express 4"] as const) {
  for (const { what, before, body = odd, headers = {}, raw } of accepted) {
    test(`${host} after ${what}: the push is handled, and raw is ${raw}`, async (t) => {
      const receiver = airudder({ key: KEY });
      const seen: [string, boolean][] = [];
      receiver.on("call.completed", (push) => seen.push([push.raw.toString(), push.reserialised]));
      const { url } = await serve(t, HOSTS[host](receiver, before));
      const response = await post(url, body, { headers: { ...headers, "airudder-devproxy": "1" } });
      assert.equal(response.status, 200);
      const outcome = JSON.parse(String(response.headers.get("airudder-outcome")));
      assert.equal(outcome.reserialised, raw === "exact" ? undefined : true);
      assert.deepEqual(seen, [raw === "exact" ? [odd, false] : [JSON.stringify(JSON.parse(odd)), true]]);
    });
  }

  test(`${host} after a parser that discards the body: 500 body_already_consumed`, async (t) => {
    const receiver = airudder({ key: KEY });
    const swallow: Before = (app) =>
      app.use(async function swallowParser(req, _res, next) {
        for await (const _ of req);
        next();
      });
    const { url } = await serve(t, HOSTS[host](receiver, swallow));
    const response = await post(url, odd);
    assert.equal(response.status, 500);
    assert.equal((response.body as { error: { code: string } }).error.code, "body_already_consumed");
  });

  test(`${host}: body_already_consumed does not name a parser that is mounted after the receiver`, async (t) => {
    const receiver = airudder({ key: KEY });
    const { url } = await serve(
      t,
      HOSTS[host](airudder({ key: KEY }), (app, express) => {
        app.use(async (req, _res, next) => {
          for await (const _ of req);
          next();
        });
        app.use("/webhooks", receiver);
        app.use(express.json());
      }),
    );
    const { body } = await post(`${url}/webhooks`, odd);
    assert.match(JSON.stringify(body), /read by an earlier body parser and not kept/);
  });

  for (const parser of ["json", "raw", "text"] as const) {
    test(`${host}: maxBodyBytes applies after express.${parser}(), also to a body that it has decompressed`, async (t) => {
      const receiver = airudder({ key: KEY, maxBodyBytes: 500 });
      const { url } = await serve(
        t,
        HOSTS[host](receiver, (app, express) => app.use(express[parser]({ type: "*/*" }))),
      );
      const headers = { "content-encoding": "gzip" };
      assert.equal((await post(url, gzipSync(`{"a":"${"x".repeat(600)}"}`), { headers })).status, 413);
      assert.equal((await post(url, gzipSync(`{"a":"${"x".repeat(400)}"}`), { headers })).status, 200);
    });
  }

  test(`${host}: body_already_consumed names the parser to move`, async (t) => {
    const receiver = airudder({ key: KEY });
    const dropAfterJson: Before = (app, express) => {
      app.use(express.json());
      app.use((req, _res, next) => {
        req.body = undefined;
        next();
      });
    };
    const { url } = await serve(t, HOSTS[host](receiver, dropAfterJson));
    assert.match(JSON.stringify((await post(url, odd)).body), /read by jsonParser .*before every body parser/);
  });

  test(`${host} after express.json({ strict: false }): an array is rejected as not_an_object`, async (t) => {
    const { url } = await serve(
      t,
      HOSTS[host](airudder({ key: KEY }), (app, express) => app.use(express.json())),
    );
    assert.match(JSON.stringify((await post(url, "[1]")).body), /not_an_object/);
  });

  test(`${host}: a mount below a path accepts pushes`, async (t) => {
    const receiver = airudder({ key: KEY, token: "t" });
    const { url } = await serve(
      t,
      HOSTS[host](airudder({ key: KEY }), (app) => app.use("/webhooks/airudder", receiver)),
    );
    assert.equal((await post(`${url}/webhooks/airudder?token=t`, odd)).status, 200);
    assert.equal(receiver.stats().accepted, 1);
  });

  test(`${host}: a parser that is mounted after the receiver serves the app's other paths`, async (t) => {
    const receiver = airudder({ key: KEY });
    const { url } = await serve(
      t,
      HOSTS[host](airudder({ key: KEY }), (app, express) => {
        app.use("/webhooks/airudder", receiver);
        app.use(express.json());
        app.post("/api", (request, response) => void response.json(request.body));
      }),
    );
    assert.equal((await post(`${url}/webhooks/airudder`, odd)).status, 200);
    assert.deepEqual((await post(`${url}/api`, { a: 1 })).body, { a: 1 });
  });
}
