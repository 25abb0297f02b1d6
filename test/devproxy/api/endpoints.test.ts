import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type {
  DiffResponse,
  PinsResponse,
  PushDetail,
  PushesResponse,
  ReplayLine,
  StateResponse,
  StatsResponse,
  StoriesResponse,
  TriggerLine,
  ValidateResponse,
} from "../../../devproxy/src/api/types.js";
import { Api } from "../../helpers/api.js";
import { run, sample, send, startProxy, until } from "../../helpers/devproxy.js";

const SAMPLES = [
  "call.completed/answered",
  "call.completed/answered",
  "dialer.contact/busy-reconstructed",
  "dialer.task/finished",
  "call.completed/drift-new-field",
  "dialer.agent/hangup",
] as const;

/** A proxy with the samples. The app fails to handle the last one. */
async function startWithSamples(t: TestContext) {
  const started = await startProxy(t, { inspect: 0 });
  const { app, proxy } = started;
  app.reply = (request, response) => {
    const isAgent = request.body.includes('"AgentStatus"');
    response.writeHead(isAgent ? 500 : 200, { "content-type": "application/json" });
    response.end(isAgent ? '{"error":{"code":"handler_failed","message":"no"}}' : "{}");
  };
  for (const name of SAMPLES) await send(proxy.localUrl, sample(name));
  await until(() => proxy.store.index.rows.every(({ deliveries }) => deliveries.length === 1));
  app.requests.length = 0;
  return { ...started, api: new Api(started.dir) };
}

/** The seqs of a page. */
async function listed(api: Api, query: string): Promise<number[]> {
  return (await api.get<PushesResponse>(`/pushes?${query}`)).pushes.map(({ seq }) => seq);
}

test("state reports the app, the tunnel, the queue and the journal, without secrets", async (t) => {
  const { api, proxy, app, dir } = await startWithSamples(t);
  const state = await api.get<StateResponse>("/state");
  assert.equal(state.local, proxy.localUrl);
  assert.deepEqual([state.public, state.appUp, state.app.state, state.tunnel.state], [null, true, "up", "off"]);
  assert.deepEqual([state.queue, state.counts, state.journal], [{ waiting: 0 }, { pushes: 6 }, { dir, gone: false }]);
  assert.equal(state.target, app.url);
  assert.match(state.version, /^\d+\.\d+\.\d+/);
  assert.equal("secrets" in state, false);
});

test("state records when the app went down and came back", async (t) => {
  const { api, app, proxy } = await startWithSamples(t);
  await app.stop();
  void send(proxy.localUrl, sample("dialer.task/running"));
  await until(async () => !(await api.get<StateResponse>("/state")).appUp);
  await app.start();
  await until(async () => (await api.get<StateResponse>("/state")).appUp);
  const { history } = (await api.get<StateResponse>("/state")).app;
  assert.deepEqual(
    history.map(({ state }) => state),
    ["up", "down", "up"],
  );
});

test("pushes are filtered as by list", async (t) => {
  const { api, dir } = await startWithSamples(t);
  const rows = (await api.get<PushesResponse>("/pushes")).pushes;
  const [agent] = rows;
  assert.deepEqual(
    rows.map(({ seq }) => seq),
    [6, 5, 4, 3, 2, 1],
  );
  const workflow = String(agent?.workflow);
  const placeholder = /<(id:\w+)>/.exec(String(agent?.subject))?.[1];
  assert.ok(placeholder !== undefined);
  const cases: [query: string, seqs: number[]][] = [
    ["type=call.completed", [5, 2, 1]],
    ["status=failed", [6]],
    ["status=accepted&type=dialer.task", [4]],
    [`workflow=${workflow}`, [6, 5, 4, 3, 2, 1]],
    [`task=${agent?.task}`, [6, 4, 3]],
    [`call=${agent?.call}`, [6, 5, 3, 2, 1]],
    ["call=%3Cid:000000000000%3E", []],
    ["task=nothing", []],
    ["since=1h", [6, 5, 4, 3, 2, 1]],
    ["since=2099-01-01", []],
    ["until=2000-01-01", []],
    ["text=CallQuality", [5]],
    ["text=nowhere", []],
    ["limit=2", [6, 5]],
    ["before=4", [3, 2, 1]],
    ["after=4", [6, 5]],
    ["after=2&before=6&limit=2", [5, 4]],
  ];
  for (const [query, seqs] of cases) {
    assert.deepEqual(await listed(api, query), seqs, query);
    if (/before|after|limit/.test(query)) continue;
    const flags = query
      .split("&")
      .flatMap((part) => [`--${part.split("=")[0]}`, decodeURIComponent(part.split("=")[1] ?? "")]);
    const { lines } = await run(["list", "--json", "--journal", dir, ...flags]);
    assert.deepEqual(
      lines().map(({ seq }) => seq),
      seqs.toReversed(),
      `list ${query}`,
    );
  }
});

test("a page says how many pushes match, and where the next page begins", async (t) => {
  const { api } = await startWithSamples(t);
  const cases: [query: string, next: number | null, matching: number | null][] = [
    ["limit=2", 5, 6],
    ["limit=6", null, 6],
    ["type=call.completed&limit=2", 2, 3],
    ["type=call.completed&limit=2&before=2", null, 3],
    ["text=call&limit=6", null, 5],
    ["text=call&limit=1", 6, null],
    ["text=nowhere", null, 0],
  ];
  for (const [query, next, matching] of cases) {
    const page = await api.get<PushesResponse>(`/pushes?${query}`);
    if (query.startsWith("text=call&limit=6")) assert.equal(page.matching, page.pushes.length);
    else assert.deepEqual([page.next, page.matching, page.total], [next, matching, 6], query);
  }
});

test("pushes with the bytes of another of their subject are numbered", async (t) => {
  const { api } = await startWithSamples(t);
  const { pushes } = await api.get<PushesResponse>("/pushes");
  assert.deepEqual(
    pushes.map(({ seq, copy }) => [seq, copy?.index, copy?.count]),
    [
      [6, undefined, undefined],
      [5, undefined, undefined],
      [4, undefined, undefined],
      [3, undefined, undefined],
      [2, 2, 2],
      [1, 1, 2],
    ],
  );
});

test("a push has its schema, its drift, its card and its deliveries, whatever form its id has", async (t) => {
  const { api } = await startWithSamples(t);
  const detail = await api.get<PushDetail>("/pushes/5");
  for (const id of ["%235", detail.head.id, detail.head.id.slice(0, 20)]) {
    const found = await api.get<PushDetail>(`/pushes/${id}`).catch((error: Error) => error.message);
    if (typeof found === "string") assert.match(found, /ambiguous/);
    else assert.equal(found.head.seq, 5);
  }
  assert.deepEqual(
    detail.mismatches.map(({ path, kind }) => [path, kind]),
    [["/Details/0/CallQuality", "unknown_field"]],
  );
  assert.equal(detail.schema?.name, "call.completed");
  const { fields } = detail.schema ?? { fields: {} };
  assert.deepEqual(fields["/TaskID"], {
    meaning: "Identifies the outbound task. `Sign` is computed from it.",
    provenance: "documented",
    personal: "id",
    type: ["string"],
    format: "32 hex digits",
    required: true,
  });
  assert.equal(fields["/Details/*/AsrResult/*/text"]?.provenance, "observed");
  assert.equal(fields["/Details/*/Variables/*"]?.personal, "text");
  assert.deepEqual(fields["/Details/*/Status"]?.enum, ["created", "pending", "finished", "cancelled", "failed"]);
  const [call] = detail.card?.calls ?? [];
  assert.deepEqual(
    [call?.status, call?.ring, call?.hangup, call?.seconds, call?.dials, call?.ringSeconds],
    ["finished", "normal", "ByCallee", 26, 2, 6],
  );
  assert.match(String(call?.transcript[0]?.text), /^<text:/);
  assert.equal(call?.redials.length, 1);
  assert.deepEqual([detail.deliveries.length, detail.deliveries[0]?.response?.text], [1, "{}"]);
  assert.deepEqual(detail.neighbours, { previous: 2, next: null });
  const revealed = await api.get<PushDetail>("/pushes/5?reveal=1");
  assert.equal(revealed.text, sample("call.completed/drift-new-field").toString());
  assert.deepEqual(revealed.card?.calls[0]?.transcript, [
    { time: "00:00:00", who: "robot", text: "Hello" },
    { time: "00:00:04", who: "customer", text: "Yes?" },
  ]);
});

test("every field of every sample has a meaning under its pointer, or is reported as unknown", async (t) => {
  const { proxy, dir } = await startProxy(t, { inspect: 0 });
  const api = new Api(dir);
  const names = [
    "call.completed/vendor-example",
    "dialer.agent/hangup",
    "dialer.contact.bare/busy-reconstructed",
    "chatbot.session.ended/closed",
    "workflow.list.completed/case-id-first",
  ];
  for (const [i, name] of names.entries()) {
    await send(proxy.localUrl, sample(name));
    const { schema, mismatches } = await api.get<PushDetail>(`/pushes/${i + 1}?reveal=1`);
    const unknown = mismatches.filter(({ kind }) => kind === "unknown_field").map(({ path }) => path);
    for (const path of pointersOf(JSON.parse(sample(name).toString())))
      assert.ok(
        findField(schema?.fields ?? {}, path) || unknown.some((one) => path.startsWith(one)),
        `${name} ${path}`,
      );
  }
});

/** The pointer of each value below the root, as lists of steps joined by `/`. */
function pointersOf(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, child]) => [`${path}/${name}`, ...pointersOf(child, `${path}/${name}`)]);
}

/** Looks up a pointer as the page does: a step is its name, else `*`. */
function findField(fields: Record<string, unknown>, path: string): boolean {
  let known = [""];
  for (const step of path.split("/").slice(1))
    known = known.flatMap((prefix) => [`${prefix}/${step}`, `${prefix}/*`].filter((one) => one in fields));
  return known.length > 0;
}

test("the bytes of a body are exact, and only sent with reveal=1", async (t) => {
  const { api } = await startWithSamples(t);
  const refused = await api.send("GET", "/pushes/1/body");
  assert.deepEqual([refused.status, JSON.parse(refused.text).error.code], [403, "reveal_required"]);
  const { body, headers } = await api.send("GET", "/pushes/1/body?reveal=1");
  assert.ok(body.equals(sample("call.completed/answered")));
  assert.equal(headers["content-disposition"], 'attachment; filename="1.body"');
});

test("curl is the command of show --curl", async (t) => {
  const { api, dir } = await startWithSamples(t);
  const shown = await run(["show", "1", "--curl", "--journal", dir]);
  assert.equal((await api.send("GET", "/pushes/1/curl")).text, shown.out);
});

test("diff compares two pushes or two deliveries", async (t) => {
  const { api, app } = await startWithSamples(t);
  const pushes = await api.get<DiffResponse>("/diff?left=1&right=5");
  assert.deepEqual(
    pushes.differences.map(({ path, left, right }) => [path, left, String(right).replace(/:\w+/, "")]),
    [["/Details/0/CallQuality", undefined, "<text>"]],
  );
  assert.deepEqual((await api.get<DiffResponse>("/diff?left=1&right=2")).differences, []);
  app.reply = (_, response) => void response.writeHead(201, { "x-app": "new" }).end('{"a":{"b":1}}');
  await api.lines("POST", "/replays/a", { ids: ["1"] });
  const deliveries = await api.get<DiffResponse>("/diff?left=1.1&right=1.2&reveal=1");
  assert.deepEqual(deliveries.status, [200, 201]);
  assert.deepEqual([deliveries.left.delivery, deliveries.right.delivery], [1, 2]);
  assert.deepEqual(deliveries.differences, [
    { path: "header:content-type", left: "application/json" },
    { path: "header:x-app", right: "new" },
    { path: "/a", right: { b: 1 } },
  ]);
});

test("validate checks a text as JSON, and a body against its schema", async (t) => {
  const { api } = await startWithSamples(t);
  const check = async (body: object) =>
    JSON.parse((await api.send("POST", "/validate", body)).text) as ValidateResponse;
  const text = sample("call.completed/answered").toString();
  const cases: [body: object, expected: object][] = [
    [{ body: text }, { json: true, type: "call.completed", mismatches: [], quarantined: false, sign: "valid" }],
    [
      { body: text.replace('"CallTimes": 2', '"CallTimes": "2"') },
      {
        mismatches: [
          { path: "/Details/0/CallTimes", kind: "wrong_type", expected: "integer", got: "string of length 1" },
        ],
      },
    ],
    [{ body: text.replace(/"Sign": "\w+"/, '"Sign": "0"') }, { sign: "invalid" }],
    [{ body: "{}" }, { type: "unknown", mismatches: [], sign: "none" }],
    [
      { body: "{}", type: "call.completed" },
      { type: "call.completed", quarantined: true },
    ],
    [
      { body: '{"a":\n  1,}' },
      { json: { line: 2, column: 5, message: "The text is not JSON: see line 2, column 5." } },
    ],
    [{ body: "" }, { json: { line: 1, column: 1, message: "The text is not JSON: see line 1, column 1." } }],
  ];
  for (const [body, expected] of cases) {
    const found = await check(body);
    for (const [name, value] of Object.entries(expected))
      assert.deepEqual(found[name as keyof ValidateResponse], value, `${JSON.stringify(body).slice(0, 60)}: ${name}`);
  }
});

test("an edited body is sent in place of the recorded one, with a new Sign, and does not change the status", async (t) => {
  const { api, app, proxy } = await startWithSamples(t);
  const text = sample("call.completed/answered").toString();
  const edited = text.replace("0f1e2d3c4b5a69788796a5b4c3d2e1f0", "ffffffffffffffffffffffffffffffff");
  for (const [sign, verified] of [
    [undefined, "valid"],
    [false, "invalid"],
  ] as const) {
    const events = await api.lines<ReplayLine>("POST", "/replays/a", { ids: ["1"], body: edited, sign });
    assert.equal(events.at(-1)?.event, "end");
    const sent = app.requests.at(-1)?.body.toString() ?? "";
    assert.equal(sent.replace(/"Sign": "\w+"/, ""), edited.replace(/"Sign": "\w+"/, ""));
    const found = JSON.parse((await api.send("POST", "/validate", { body: sent })).text) as ValidateResponse;
    assert.equal(found.sign, verified);
  }
  assert.deepEqual(
    proxy.store.index.bySeq(1)?.deliveries.map(({ head }) => head.aside),
    [undefined, "edited", "edited"],
  );
  await api.lines("POST", "/replays/a", { ids: ["1"], body: "not JSON" });
  assert.equal(app.requests.at(-1)?.body.toString(), "not JSON");
});

test("a push can be edited without revealing it: the recorded values replace its placeholders", async (t) => {
  const { api, app } = await startWithSamples(t);
  const { text } = await api.get<PushDetail>("/pushes/1");
  assert.match(text, /"CalleeName":"<name:\w+>"/);
  const edited = text.replace('"CallTimes":2', '"CallTimes":3');
  const found = JSON.parse((await api.send("POST", "/validate", { body: edited, id: "1" })).text) as ValidateResponse;
  assert.deepEqual([found.mismatches, found.sign], [[], "valid"]);
  await api.lines("POST", "/replays/a", { ids: ["1"], body: edited, sign: false });
  const expected = JSON.parse(sample("call.completed/answered").toString().replace('"CallTimes": 2', '"CallTimes": 3'));
  assert.deepEqual(JSON.parse(app.requests.at(-1)?.body.toString() ?? ""), expected);
});

test("a replay can be stopped, and its stream says so", async (t) => {
  const { api, app } = await startWithSamples(t);
  app.reply = async (_, response) => {
    if (app.requests.length === 2) await api.send("DELETE", "/replays/one");
    response.end("{}");
  };
  const events = await api.lines<ReplayLine>("POST", "/replays/one", { last: 6 });
  const summary = events.find(({ event }) => event === "summary");
  assert.ok(summary?.event === "summary" && summary.interrupted);
  assert.ok(app.requests.length < 6);
  assert.equal((await api.send("DELETE", "/replays/one")).status, 204);
});

test("two replays cannot run under one id", async (t) => {
  const { api, app } = await startWithSamples(t);
  let second: Promise<{ status: number }> | undefined;
  app.reply = async (_, response) => {
    second ??= api.send("POST", "/replays/one", { last: 1 });
    await second;
    response.end("{}");
  };
  await api.lines("POST", "/replays/one", { ids: ["1"] });
  assert.equal((await second)?.status, 409);
});

test("test pushes are sent through the ingress, from a type, a push, a pin or a body", async (t) => {
  const { api, app, proxy } = await startWithSamples(t);
  assert.equal((await api.send("POST", "/pins", { id: "1", name: "one" })).status, 201);
  const recorded = sample("call.completed/answered").toString();
  const cases: [body: object, count: number, isSame: boolean][] = [
    [{ type: "dialer.task", count: 2 }, 2, false],
    [{ from: "1" }, 1, false],
    [{ pin: "one" }, 1, true],
    [{ body: recorded }, 1, true],
    [{ type: "call.completed", set: ["Details[0].Status=failed"] }, 1, false],
  ];
  for (const [body, count, isSame] of cases) {
    app.requests.length = 0;
    const events = await api.lines<TriggerLine>("POST", "/triggers", body);
    const sent = events.filter((event) => event.event === "trigger");
    assert.equal(sent.length, count, JSON.stringify(body));
    assert.deepEqual(
      events.slice(-2).map(({ event }) => event),
      ["summary", "end"],
    );
    assert.equal(app.requests.length, count);
    assert.equal(app.requests[0]?.body.toString() === recorded, isSame, JSON.stringify(body));
    const row = proxy.store.index.bySeq(sent[0]?.seq ?? 0);
    await until(() => row?.deliveries.length === 1);
    assert.deepEqual([row?.push.source, row?.deliveries[0]?.head.cause], ["trigger", "trigger"]);
  }
});

test("export sends the formats of the command as a file", async (t) => {
  const { api, dir } = await startWithSamples(t);
  for (const as of ["har", "ndjson", "curl"]) {
    const { out } = await run(["export", "1..3", "--as", as, "--type", "call.completed", "--journal", dir]);
    const { text, headers } = await api.send("GET", `/export?as=${as}&ids=1..3&type=call.completed`);
    assert.equal(text, out, as);
    assert.match(String(headers["content-disposition"]), /^attachment; filename="pushes\./);
  }
  const { text } = await api.send("GET", "/export?as=test&ids=1,2&app=../src/app.js");
  assert.match(text, /from "\.\.\/src\/app\.js"/);
});

test("pins are listed, added, replaced and removed", async (t) => {
  const { api, dir } = await startWithSamples(t);
  const names = async () => (await api.get<PinsResponse>("/pins")).pins.map(({ name, seq }) => `${name} ${seq}`);
  assert.deepEqual(await names(), []);
  assert.equal((await api.send("POST", "/pins", { id: "1", name: "one" })).status, 201);
  assert.equal((await api.send("POST", "/pins", { id: "2", name: "one" })).status, 409);
  assert.deepEqual(await names(), ["one 1"]);
  assert.equal((await api.send("POST", "/pins", { id: "2", name: "one", replace: true })).status, 201);
  assert.deepEqual(await names(), ["one 2"]);
  assert.equal((await api.send("DELETE", "/pins/one")).status, 204);
  assert.equal((await api.send("DELETE", "/pins/one")).status, 404);
  assert.deepEqual(await names(), []);
  for (const name of ["../one", "..%2Fone", ""]) {
    assert.equal((await api.send("POST", "/pins", { id: "1", name })).status, 400, name);
    assert.equal((await api.send("DELETE", `/pins/${encodeURIComponent(name || "x")}`)).status, 404, name);
  }
  assert.equal(existsSync(join(dir, "one.json")), false);
});

test("stories group pushes by workflow, task and subject, and say what is missing, late or a copy", async (t) => {
  const { api } = await startWithSamples(t);
  const { stories, next } = await api.get<StoriesResponse>("/stories");
  assert.equal(next, null);
  assert.equal(stories.length, 1);
  const [story] = stories;
  assert.deepEqual(story?.counts, { pushes: 6, byStatus: { failed: 1, accepted: 5 } });
  const [dialer, voicebot] = story?.tasks ?? [];
  assert.deepEqual([dialer?.kind, dialer?.state, dialer?.total, dialer?.reported], ["dialer", "Finished", 5, 1]);
  assert.deepEqual(dialer?.notes, ["task finished, 4 numbers never reported"]);
  assert.deepEqual(
    dialer?.subjects.map(({ kind, pushes }) => [kind, ...pushes.map(({ seq, state, late }) => [seq, state, late])]),
    [
      ["agent", [6, "HANGUP", undefined]],
      ["task", [4, "Finished", undefined]],
      ["contact", [3, "HANGUP", undefined]],
    ],
  );
  assert.deepEqual([voicebot?.kind, voicebot?.notes], ["voicebot", ["1 push is a copy of an earlier one"]]);
  assert.deepEqual(
    voicebot?.subjects[0]?.pushes.map(({ seq, copy }) => [seq, copy?.index, copy?.count]),
    [
      [1, 1, 2],
      [2, 2, 2],
      [5, undefined, undefined],
    ],
  );
  const failed = await api.get<StoriesResponse>("/stories?status=failed");
  assert.deepEqual(failed.stories[0]?.counts.pushes, 1);
  const found = await api.get<StoriesResponse>("/stories?text=CallQuality");
  assert.deepEqual(
    found.stories[0]?.tasks[0]?.subjects[0]?.pushes.map(({ seq }) => seq),
    [5],
  );
});

test("a push is late if it arrives after the task finished, or after a later state", async (t) => {
  const { proxy, dir } = await startProxy(t, { inspect: 0 });
  const api = new Api(dir);
  const contact = sample("dialer.contact/busy-reconstructed").toString();
  const earlier = contact.replace(/("timestamp": ")(\d+)/, (_, name, time) => `${name}${Number(time) - 60_000}`);
  assert.notEqual(earlier, contact);
  for (const body of [
    contact,
    earlier,
    sample("dialer.task/finished"),
    contact.replaceAll(/"callid": "\w/g, '"callid": "9'),
  ])
    await send(proxy.localUrl, body);
  const { stories } = await api.get<StoriesResponse>("/stories");
  const [task] = stories[0]?.tasks ?? [];
  const late = task?.subjects.flatMap(({ pushes }) => pushes.filter((push) => push.late).map(({ seq }) => seq));
  assert.deepEqual(late?.sort(), [2, 4]);
  assert.ok(task?.notes.includes("1 push arrived after the task finished"));
});

test("stats count pushes per minute, results of calls and response times", async (t) => {
  const { api } = await startWithSamples(t);
  const stats = await api.get<StatsResponse>("/stats?minutes=3");
  assert.equal(stats.perMinute.length, 3);
  const total: Record<string, number> = {};
  for (const { byType } of stats.perMinute)
    for (const [type, count] of Object.entries(byType)) total[type] = (total[type] ?? 0) + count;
  const expected = { "call.completed": 3, "dialer.contact": 1, "dialer.task": 1, "dialer.agent": 1 };
  assert.deepEqual([total, stats.byType], [expected, expected]);
  assert.deepEqual(stats.byStatus, { accepted: 5, failed: 1 });
  assert.deepEqual(stats.callResults, { answered: 1, busy: 1 });
  assert.equal(stats.response.count, 6);
  assert.ok((stats.response.p50 ?? 0) > 0 && (stats.response.p99 ?? 0) >= (stats.response.p50 ?? 0));
  await api.lines("POST", "/replays/a", { ids: ["6"] });
  assert.equal((await api.get<StatsResponse>("/stats")).response.count, 6, "replays do not count");
});

test("statuses are current after a replay, in lists, stories and statistics", async (t) => {
  const { api, app } = await startWithSamples(t);
  assert.deepEqual(await listed(api, "status=failed"), [6]);
  app.reply = (_, response) => void response.end("{}");
  await api.lines("POST", "/replays/a", { ids: ["6"] });
  assert.deepEqual(await listed(api, "status=failed"), []);
  assert.deepEqual((await api.get<StatsResponse>("/stats")).byStatus, { accepted: 6 });
  const { stories } = await api.get<StoriesResponse>("/stories");
  assert.deepEqual(stories[0]?.counts.byStatus, { accepted: 6 });
});

test("drift is what drift --json prints; doctor checks each step", async (t) => {
  const { api, dir } = await startWithSamples(t);
  const { lines } = await run(["drift", "--json", "--journal", dir]);
  assert.deepEqual(await api.get("/drift"), lines());
  const findings = await api.lines<{ event: string; name?: string }>("GET", "/doctor");
  assert.equal(findings.at(-1)?.event, "end");
  assert.ok(findings.some(({ name }) => name === "app"));
});

test("wrong requests are rejected with a code and a message on one line", async (t) => {
  const { api, app } = await startWithSamples(t);
  const cases: [
    method: string,
    path: string,
    body: object | string | undefined,
    status: number,
    code: string,
    message: RegExp,
  ][] = [
    ["GET", "/nothing", undefined, 404, "not_found", /There is nothing at this path/],
    ["GET", "/pushes/99", undefined, 404, "not_found", /There is no push 99/],
    ["GET", "/pushes/%20", undefined, 400, "usage", /is not an id/],
    ["GET", "/pushes/%E0%A4%A", undefined, 400, "usage", /percent-encoded/],
    ["GET", "/pushes/1..2", undefined, 400, "usage", /refers to 2 pushes/],
    ["GET", "/pushes?limit=0", undefined, 400, "usage", /limit must be/],
    ["GET", "/pushes?limit=501", undefined, 400, "usage", /at most 500/],
    ["GET", "/pushes?before=x", undefined, 400, "usage", /before must be/],
    ["GET", "/pushes?stauts=failed", undefined, 400, "usage", /no parameter of that name/],
    ["GET", "/pushes?type=dialer.task&type=dialer.agent", undefined, 400, "usage", /more than once/],
    ["GET", "/pushes?status=lost", undefined, 400, "usage", /"lost" is unknown/],
    ["GET", "/pushes?since=never", undefined, 400, "usage", /is not a time/],
    ["GET", "/pushes?reveal=yes", undefined, 400, "usage", /reveal must be 1 or 0/],
    ["GET", "/pushes?since=1m&until=2000-01-01", undefined, 400, "usage", /later than/],
    ["POST", "/pushes", {}, 405, "method_not_allowed", /supports GET/],
    ["DELETE", "/state", undefined, 405, "method_not_allowed", /supports GET/],
    ["GET", "/diff?left=1", undefined, 400, "usage", /right is missing/],
    ["GET", "/diff?left=1&right=2.1", undefined, 400, "usage", /two pushes/],
    ["GET", "/diff?left=1.1&right=2.7", undefined, 404, "not_found", /has 1 deliveries/],
    ["GET", "/export", undefined, 400, "usage", /as is missing/],
    ["GET", "/export?as=xml", undefined, 400, "usage", /as must be one of har/],
    ["GET", "/export?as=har&ids=99", undefined, 400, "usage", /no push 99/],
    ["GET", "/stats?minutes=100000", undefined, 400, "usage", /at most 1440/],
    ["POST", "/replays/a", "{", 400, "usage", /not JSON/],
    ["POST", "/replays/a", "[]", 400, "usage", /JSON object/],
    ["POST", "/replays/a", "null", 400, "usage", /JSON object/],
    ["POST", "/replays/a", {}, 400, "usage", /Select the pushes/],
    ["POST", "/replays/a", { last: 0 }, 400, "usage", /--last/],
    ["POST", "/replays/a", { last: "1" }, 400, "usage", /^last must be a number/],
    ["POST", "/replays/a", { last: 1, set: "a=b" }, 400, "usage", /list of edits/],
    ["POST", "/replays/a", { last: 1, set: [1] }, 400, "usage", /list of edits/],
    ["POST", "/replays/a", { ids: ["99"] }, 400, "usage", /no push 99/],
    ["POST", "/replays/a", { last: 2, body: "{}" }, 400, "usage", /exactly one id/],
    ["POST", "/replays/a", { ids: ["1..2"], body: "{}" }, 400, "usage", /2 pushes are selected/],
    ["POST", "/replays/a", { ids: ["1"], body: {} }, 400, "usage", /body must be a text/],
    ["POST", "/replays/a.b", {}, 404, "not_found", /./],
    ["POST", "/replays/a", `"${"x".repeat(25 * 1024 * 1024)}"`, 413, "too_large", /24 MB/],
    ["POST", "/triggers", {}, 400, "usage", /Give one of/],
    ["POST", "/triggers", { type: "call" }, 400, "usage", /is not a push type/],
    ["POST", "/triggers", { from: "1", pin: "x" }, 400, "usage", /Give one of/],
    ["POST", "/triggers", { type: "dialer.task", count: 1001 }, 400, "usage", /1 to 1000/],
    ["POST", "/triggers", { pin: "none" }, 400, "usage", /no pin none/],
    ["POST", "/validate", {}, 400, "usage", /body must be a text/],
    ["POST", "/validate", { body: "{}", type: "call" }, 400, "usage", /is not a push type/],
    ["POST", "/pins", { id: 1 }, 400, "usage", /name must be/],
    ["POST", "/pins", { id: "99", name: "a" }, 404, "not_found", /no push 99/],
  ];
  for (const [method, path, body, status, code, message] of cases) {
    const reply = await api.send(method, path, body);
    const name = `${method} ${path} ${JSON.stringify(body)?.slice(0, 40)}`;
    assert.equal(reply.status, status, `${name}: ${reply.text.slice(0, 200)}`);
    const { error } = JSON.parse(reply.text);
    assert.deepEqual([error.code, typeof error.exit], [code, "number"], name);
    assert.match(error.message, message, name);
    assert.doesNotMatch(error.message, /\n|\bat .*\.[jt]s:/, name);
    if (status === 405) assert.equal(reply.headers.allow, "GET", name);
  }
  assert.equal(app.requests.length, 0);
});
