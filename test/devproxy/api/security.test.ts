import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Api } from "../../helpers/api.js";
import { ListenProcess, send, startProxy, until } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { RecorderApp } from "../../helpers/recorder-app.js";

/** A request of every endpoint. */
const PATHS: readonly [method: string, path: string][] = [
  ["GET", "/state"],
  ["GET", "/rows"],
  ["GET", "/pushes"],
  ["GET", "/pushes/1"],
  ["GET", "/pushes/1/body?reveal=1"],
  ["GET", "/pushes/1/curl"],
  ["GET", "/diff?left=1&right=1"],
  ["POST", "/replays/a"],
  ["DELETE", "/replays/a"],
  ["POST", "/validate"],
  ["POST", "/triggers"],
  ["GET", "/export?as=har"],
  ["GET", "/pins"],
  ["POST", "/pins"],
  ["DELETE", "/pins/a"],
  ["GET", "/stories"],
  ["GET", "/stats"],
  ["GET", "/drift"],
  ["GET", "/doctor"],
  ["GET", "/events"],
];

const PAGE_FILES = ["/", "/page.js", "/page.css"];

async function startInspector(t: TestContext, options: Parameters<typeof startProxy>[1] = {}) {
  const started = await startProxy(t, { inspect: 0, ...options });
  await send(started.proxy.localUrl, '{"Plantd":"secret value"}');
  started.app.requests.length = 0;
  return { ...started, api: new Api(started.dir) };
}

function codeOf(text: string): string {
  return JSON.parse(text).error.code;
}

test("every endpoint rejects a request that does not come with the token from this machine", async (t) => {
  const { api, app } = await startInspector(t);
  const good = { authorization: `Bearer ${api.token}` };
  const refused: [name: string, headers: Record<string, string>, status: number, code: string][] = [
    ["no token", {}, 401, "missing_token"],
    ["a wrong token", { authorization: `Bearer ${api.token}x` }, 401, "wrong_token"],
    ["an empty token", { authorization: "Bearer " }, 401, "wrong_token"],
    ["another scheme", { authorization: `Basic ${api.token}` }, 401, "wrong_token"],
    ["the token in a cookie", { cookie: `token=${api.token}; airudder-token=${api.token}` }, 401, "missing_token"],
    ["a foreign Host (DNS rebinding)", { ...good, host: "evil.test" }, 403, "foreign_host"],
    ["a foreign Host with the port", { ...good, host: `evil.test:${api.port}` }, 403, "foreign_host"],
    ["a Host with another port", { ...good, host: "127.0.0.1:1" }, 403, "foreign_host"],
    ["a Host that begins like ours", { ...good, host: `127.0.0.1:${api.port}.evil.test` }, 403, "foreign_host"],
    ["a foreign Origin", { ...good, origin: "https://evil.test" }, 403, "foreign_origin"],
    ["a sandboxed page", { ...good, origin: "null" }, 403, "foreign_origin"],
    ["a page of another local server", { ...good, origin: "http://127.0.0.1:3000" }, 403, "foreign_origin"],
    ["our address over https", { ...good, origin: `https://127.0.0.1:${api.port}` }, 403, "foreign_origin"],
    ["a request of a page of another site", { ...good, "sec-fetch-site": "cross-site" }, 403, "foreign_origin"],
    ["a request of another local page", { ...good, "sec-fetch-site": "same-site" }, 403, "foreign_origin"],
  ];
  for (const [method, path] of PATHS)
    for (const [name, headers, status, code] of refused) {
      const reply = await send(`${api.origin}/api/v1${path}`, "", { method, headers });
      assert.deepEqual([reply.status, codeOf(reply.text)], [status, code], `${method} ${path} with ${name}`);
      assert.doesNotMatch(reply.text, /secret value/);
    }
  assert.equal(app.requests.length, 0, "nothing was sent to the app");
});

test("a token in the query does not count", async (t) => {
  const { api } = await startInspector(t);
  for (const [method, path] of PATHS) {
    const url = `${api.origin}/api/v1${path}${path.includes("?") ? "&" : "?"}token=${api.token}&access_token=${api.token}`;
    assert.equal((await send(url, "", { method })).status, 401, `${method} ${path}`);
  }
});

test("our own names as Host and Origin are accepted", async (t) => {
  const { api } = await startInspector(t);
  for (const name of ["127.0.0.1", "localhost", "[::1]", "LOCALHOST"]) {
    const host = `${name}:${api.port}`;
    const { status } = await api.send("GET", "/state", undefined, { host, origin: `http://${host}` });
    assert.equal(status, 200, name);
  }
});

test("a request without a Host is rejected", async (t) => {
  const { api } = await startInspector(t);
  const socket = connect(api.port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  socket.write(`GET /api/v1/state HTTP/1.0\r\nAuthorization: Bearer ${api.token}\r\n\r\n`);
  await new Promise((resolve) => socket.on("close", resolve));
  assert.match(text, /^HTTP\/1\.1 403/);
});

test("a repeated header that decides the access is rejected", async (t) => {
  const { api } = await startInspector(t);
  const host = `Host: 127.0.0.1:${api.port}`;
  const token = `Authorization: Bearer ${api.token}`;
  for (const headers of [
    [host, "Host: evil.test", token],
    [host, token, "Authorization: Bearer x"],
  ]) {
    const socket = connect(api.port, "127.0.0.1");
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.write(`GET /api/v1/state HTTP/1.1\r\n${headers.join("\r\n")}\r\nConnection: close\r\n\r\n`);
    await new Promise((resolve) => socket.on("close", resolve));
    assert.match(text, /^HTTP\/1\.1 400/, headers.join(", "));
  }
});

test("a form post from another page is rejected, even with the token", async (t) => {
  const { api, app } = await startInspector(t);
  const forms: [string, string][] = [
    ["application/x-www-form-urlencoded", "last=1"],
    ["multipart/form-data; boundary=x", '--x\r\ncontent-disposition: form-data; name="last"\r\n\r\n1\r\n--x--'],
    ["text/plain", '{"last":1}'],
    ["application/jsonx", '{"last":1}'],
    ["", '{"last":1}'],
  ];
  for (const [type, body] of forms)
    for (const path of ["/replays/a", "/triggers", "/pins", "/validate"]) {
      const { status, text } = await api.send("POST", path, body, { "content-type": type });
      assert.deepEqual([status, codeOf(text)], [415, "unsupported_media_type"], `${path}: ${type}`);
    }
  assert.equal(app.requests.length, 0);
});

test("no preflight succeeds, and no response can be read by another origin", async (t) => {
  const { api } = await startInspector(t);
  for (const [method, path] of [...PATHS, ...PAGE_FILES.map((file): [string, string] => ["GET", `/../..${file}`])]) {
    if (path === "/events") continue; // its response does not end
    for (const one of ["OPTIONS", method]) {
      const url = path.startsWith("/..") ? `${api.origin}${path.slice(6)}` : `${api.origin}/api/v1${path}`;
      const { status, headers } = await send(url, "", {
        method: one,
        headers: { authorization: `Bearer ${api.token}` },
      });
      const cors = Object.keys(headers).filter((name) => name.startsWith("access-control-"));
      assert.deepEqual(cors, [], `${one} ${path}`);
      if (one === "OPTIONS") assert.equal(status, 405, `${one} ${path}`);
    }
  }
});

test("an image on another page gets neither data nor a readable error", async (t) => {
  const { api } = await startInspector(t);
  const headers = {
    "sec-fetch-site": "cross-site",
    "sec-fetch-mode": "no-cors",
    "sec-fetch-dest": "image",
    referer: "https://evil.test/",
  };
  for (const path of ["/pushes/1/body?reveal=1", "/export?as=har&reveal=1", "/state"]) {
    const reply = await send(`${api.origin}/api/v1${path}`, "", { method: "GET", headers });
    assert.equal(reply.status, 403);
    assert.equal(reply.headers["cross-origin-resource-policy"], "same-origin");
    assert.doesNotMatch(reply.text, /secret value/);
  }
});

test("the files of the page need no token, contain no data, and may run only their own scripts", async (t) => {
  const { api, dir } = await startInspector(t);
  const secrets = Object.values(JSON.parse(readFileSync(join(dir, "config.json"), "utf8"))) as string[];
  for (const path of PAGE_FILES) {
    const { status, headers, text } = await send(`${api.origin}${path}`, "", { method: "GET" });
    assert.equal(status, 200, path);
    for (const secret of [...secrets, "secret value", dir]) assert.ok(!text.includes(secret), path);
    assert.deepEqual(
      [
        headers["content-security-policy"],
        headers["x-content-type-options"],
        headers["referrer-policy"],
        headers["cache-control"],
        headers["cross-origin-opener-policy"],
        headers["cross-origin-resource-policy"],
        headers["set-cookie"],
      ],
      [
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "nosniff",
        "no-referrer",
        "no-store",
        "same-origin",
        "same-origin",
        undefined,
      ],
      path,
    );
    assert.equal(
      (await send(`${api.origin}${path}`, "", { method: "GET", headers: { host: "evil.test" } })).status,
      403,
    );
    assert.equal((await send(`${api.origin}${path}`, "", { method: "POST" })).status, 405);
  }
  for (const path of ["/index.html", "/page.js/", "/../package.json", "/%2e%2e/package.json", "//", "/src/cli.ts"]) {
    const { status } = await send(`${api.origin}${path}`, "", { method: "GET" });
    assert.equal(status, 404, path);
  }
});

test("without the inspector, its files are not served, and the API still is", async (t) => {
  const { dir, proxy } = await startProxy(t);
  const api = new Api(dir);
  assert.equal(proxy.inspectorUrl, null);
  for (const path of PAGE_FILES) assert.equal((await send(`${api.origin}${path}`, "", { method: "GET" })).status, 404);
  assert.equal((await api.send("GET", "/state")).status, 200);
});

for (const passThrough of [false, true])
  test(`no endpoint can be reached through the ingress${passThrough ? " with passThrough" : ""}`, async (t) => {
    const { api, proxy, app } = await startInspector(t, { passThrough });
    app.reply = (_, response) => void response.writeHead(404).end("from the app");
    const { origin, pathname } = new URL(proxy.localUrl);
    const headers = { authorization: `Bearer ${api.token}`, host: `127.0.0.1:${api.port}` };
    const paths = [
      ...PATHS.map(([method, path]) => [method, `/api/v1${path}`]),
      ...PAGE_FILES.map((file) => ["GET", file]),
    ];
    for (const [method = "", path = ""] of paths)
      for (const prefix of path === "/" ? [""] : ["", pathname]) {
        const {
          status,
          headers: received,
          text,
        } = await send(`${origin}${prefix}${path}`, method === "POST" ? "{}" : "", {
          method,
          headers,
        });
        assert.equal(status, 404, `${method} ${prefix}${path}`);
        if (passThrough) assert.equal(text, "from the app");
        assert.equal(received["content-security-policy"], undefined);
      }
    assert.equal(app.requests.length, passThrough ? paths.length * 2 - 1 : 0);
  });

test("a page may neither choose the target of a replay nor read the secrets and the unredacted rows", async (t) => {
  const { api, app } = await startInspector(t);
  const other = await new RecorderApp().start();
  t.after(() => other.stop());
  for (const headers of [{ origin: api.origin }, { "sec-fetch-site": "same-origin" }]) {
    const replay = await api.send(
      "POST",
      "/replays/a",
      { ids: ["1"], to: other.url },
      headers as Record<string, string>,
    );
    assert.deepEqual([replay.status, codeOf(replay.text)], [403, "target_not_allowed"]);
    for (const path of ["/state?secrets=1", "/rows"]) {
      const { status, text } = await api.send("GET", path, undefined, headers as Record<string, string>);
      assert.deepEqual([status, codeOf(text)], [403, "not_for_pages"], path);
    }
  }
  assert.deepEqual([app.requests.length, other.requests.length], [0, 0]);
  await api.lines("POST", "/replays/a", { ids: ["1"], to: other.url });
  assert.deepEqual([app.requests.length, other.requests.length], [0, 1]);
});

test("the token is in no response, event, push or log", async (t) => {
  const app = await new RecorderApp().start();
  t.after(() => app.stop());
  const dir = makeFolder(t);
  const listening = await ListenProcess.start(t, ["--target", app.url, "--journal", dir, "--inspect", "0", "--reveal"]);
  const api = new Api(dir);
  const stream = api.events();
  const replies: string[] = [];
  const add = async (method: string, path: string, body?: object) => {
    const { text, headers } = await api.send(method, path, body);
    replies.push(text, JSON.stringify(headers));
  };
  await add("POST", "/triggers", { type: "call.completed", count: 2 });
  await add("POST", "/replays/a?reveal=1", { ids: ["1"] });
  await add("POST", "/pins", { id: "1", name: "one" });
  for (const [method, path] of PATHS) {
    if (path === "/events" || path === "/doctor" || method !== "GET") continue;
    await add(method, path);
    await add(method, path.includes("?") ? `${path}&reveal=1` : `${path}?reveal=1`);
  }
  await add("GET", "/state?secrets=1");
  await until(() => stream.events.length > 5);
  stream.close();
  await listening.stop();
  const ready = listening.events.shift();
  assert.equal(ready?.inspector, `${api.origin}/#token=${api.token}`);
  const recorded = readdirSync(dir, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(ndjson|index)$|^pins\/.*\.json$/.test(file.replaceAll("\\", "/")))
    .map((file) => readFileSync(join(dir, file), "latin1"));
  assert.ok(recorded.length >= 2, "the journal and the pin");
  const sent = app.requests.map((request) => JSON.stringify([request.url, request.headers, request.body.toString()]));
  for (const text of [...replies, stream.text, listening.err, JSON.stringify(listening.events), ...recorded, ...sent])
    assert.ok(!text.includes(api.token), text.slice(0, 200));
});
