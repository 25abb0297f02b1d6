import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { airudder } from "airudder-webhooks";
import { drillScenarios } from "airudder-webhooks/testing";
import { atEnd } from "../../helpers/at-end.js";
import { type Run, run, send, startProxy, startRun, until } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { freePort } from "../../helpers/free-port.js";
import { agentStatus, callCompleted, KEY } from "../../helpers/push.js";
import { RecorderApp } from "../../helpers/recorder-app.js";
import { appProgram, DrilledApp } from "./app.js";
import { junitXml } from "./internals.js";
import { type Element, parseXml } from "./xml.js";

const LIMIT_MS = 10_000;

/** A command line that runs a script with this Node. */
function nodeCommand(folder: string, name: string, script: string): string {
  const file = join(folder, name);
  writeFileSync(file, script);
  return `"${process.execPath}" "${file}"`;
}

/** A command that prints the number of lines of the rows of an app. */
function countRows(folder: string, rows = join(folder, "rows.txt")): string {
  return nodeCommand(
    folder,
    "count.cjs",
    `const fs = require("fs"); const file = ${JSON.stringify(rows)};
    console.log(fs.existsSync(file) ? fs.readFileSync(file, "utf8").split("\\n").length - 1 : 0);`,
  );
}

const statuses = ({ lines }: Run) =>
  Object.fromEntries(lines().flatMap(({ event, name, status }) => (event === "scenario" ? [[name, status]] : [])));

async function recorder(t: TestContext, status = 200): Promise<RecorderApp> {
  const app = await new RecorderApp((_, response) => void response.writeHead(status).end("{}")).start();
  atEnd(t, () => app.stop());
  return app;
}

describe("the command drill", { concurrency: 4 }, () => {
  test("drill starts, kills and ends the app; prints JSON; writes JUnit XML that says the same; exits with 0", async (t) => {
    const folder = makeFolder(t);
    const options = {
      folder,
      port: await freePort(),
      mode: "inbox",
      defect: "none",
      limitMs: LIMIT_MS,
      key: KEY,
      token: "t0ken",
    };
    const start = nodeCommand(
      folder,
      "start.cjs",
      `process.argv[2] = ${JSON.stringify(JSON.stringify(options))}; import(${JSON.stringify(appProgram())});`,
    );
    const url = `http://127.0.0.1:${options.port}/webhooks/airudder`;
    const junit = join(folder, "drill.xml");
    const scenarios = ["valid", "duplicate", "crash", "crash-before-response", "wrong-token", "large-push"];
    const args = [
      "--to",
      url,
      "--key",
      KEY,
      "--verify",
      countRows(folder),
      "--restart-with",
      start,
      "--junit",
      junit,
      "--json",
    ];
    const result = await run(["drill", ...scenarios, ...args], {
      env: { AIRUDDER_TOKEN: "t0ken" },
    });
    assert.equal(result.code, 0, result.out + result.err);
    assert.deepEqual(statuses(result), Object.fromEntries(scenarios.map((name) => [name, "passed"])));
    assert.ok(
      result.lines().every(({ event, by }) => event === "drill" || by === "effects"),
      result.out,
    );
    const { ms, ...summary } = result.lines().at(-1) ?? {};
    assert.deepEqual(summary, { event: "drill", ok: true, passed: 6, failed: 0, skipped: 0 });
    assert.ok(Number(ms) > 0);
    const suite = parseXml(readFileSync(junit, "utf8")).children[0] as Element;
    assert.deepEqual(
      suite.children.map(({ attributes }) => attributes.name),
      scenarios,
    );
    await assert.rejects(fetch(url), "the app still runs");
  });

  test("drill names a defect in a table, with what to do, and exits with 1", async (t) => {
    const app = await DrilledApp.start(t, { mode: "direct", defect: "no duplicate check", limitMs: LIMIT_MS });
    const { folder, key, token } = app.options;
    const verify = countRows(folder);
    const { code, out } = await run(
      ["drill", "duplicate", "bad-signature", "crash", "--to", app.url, "--key", key, "--verify", verify],
      { env: { AIRUDDER_TOKEN: token } },
    );
    assert.equal(code, 1, out);
    assert.match(out, /^SCENARIO +RESULT +BY +TIME$/m);
    assert.match(
      out,
      /^duplicate +failed +effects .*\n {4}Each push was delivered twice, and verify shows the number: \+2 instead of \+1\.\n {4}Detect duplicates/m,
    );
    assert.match(out, /^bad-signature +passed +effects/m);
    assert.match(out, /^crash +skipped +- .*\n {4}There is no way to restart the app\.\n {4}Give .*--restart-with/m);
    assert.match(out, /\n1 passed, 1 failed, 1 skipped in [\d.]+ m?s\.\n$/);
  });

  test("drill without --verify checks only responses, and reports that", async (t) => {
    const app = await recorder(t);
    const { code, out } = await run(["drill", "duplicate", "--to", app.url]);
    assert.equal(code, 0);
    assert.match(out, /^duplicate +passed +responses only/m);
    assert.match(out, /By responses only: with --verify CMD/);
    assert.equal(app.requests.length, 2);
    assert.ok(
      app.requests.every(
        ({ headers }) => headers["airudder-token"] === undefined && headers["airudder-test-push"] === undefined,
      ),
    );
  });

  test("drill repeats, swaps and delays recorded pushes with new ids", async (t) => {
    const { proxy, dir } = await startProxy(t);
    for (const state of ["RINGING", "ANSWERED", "HANGUP"]) {
      await send(
        proxy.localUrl,
        JSON.stringify(agentStatus({ State: state, timestamp: String(1_736_910_000_000 + state.length * 1_000) })),
      );
    }
    await send(proxy.localUrl, JSON.stringify(callCompleted()));
    await send(proxy.localUrl, "no JSON");
    await proxy.close();
    const app = await recorder(t);
    const args = ["--from", "#1..#5", "--journal", dir, "--to", app.url, "--key", KEY, "--json"];
    const result = await run(["drill", "duplicate", "out-of-order", ...args]);
    assert.deepEqual(statuses(result), { duplicate: "passed", "out-of-order": "passed" }, result.out + result.err);
    assert.match(result.err, /1 of 5 pushes cannot be used and are left out \(1: not a JSON object\)/);
    const bodies = app.requests.map(({ body }) => JSON.parse(body.toString()));
    const kinds = bodies.map((body) => body.pds?.body.State ?? body.TaskName);
    const call = callCompleted().TaskName;
    assert.deepEqual(kinds.slice(0, 8), ["RINGING", "RINGING", "ANSWERED", "ANSWERED", "HANGUP", "HANGUP", call, call]);
    assert.deepEqual(kinds.slice(8), ["ANSWERED", "RINGING", "HANGUP", call]);
    const agents = bodies.filter(({ pds }) => pds !== undefined).map(({ pds }) => pds.body.agentName);
    assert.equal(new Set(agents.slice(0, 6)).size, 1);
    assert.notEqual(agents[0], agents[6]);
    assert.ok(!app.requests.some(({ body }) => body.includes((callCompleted() as { TaskID: string }).TaskID)));
  });

  test("wrong usage of drill exits with 2 on one line, before anything is sent", async (t) => {
    const app = await recorder(t);
    const folder = makeFolder(t);
    const print = (name: string, script: string) => ["--verify", nodeCommand(folder, name, script)];
    const cases: [string[], RegExp][] = [
      [["duplicat"], /no scenario "duplicat"\. Did you mean duplicate\? Scenarios: valid, duplicate,/],
      [["--to", "http://app.example/webhooks"], /app\.example is not on this machine.*--allow-remote/],
      [["--to", "http://127.0.0.1.example/"], /is not on this machine/],
      [["--to", "x"], /--to "x"/],
      [["--time-scale", "0"], /--time-scale/],
      [["--junit", join(folder, "no", "drill.xml")], /--junit: there is no folder/],
      [["--junit", folder], /--junit: .* is a folder/],
      [["--verify", `"${process.execPath}" nope.mjs`], /exited with 1: Error: Cannot find module '.*nope\.mjs'\./],
      [print("large.cjs", `process.stdout.write("1".repeat(11_000_000))`), /printed too much: more than 10 MB/],
      [print("time.cjs", `console.log(JSON.stringify({ at: Date.now() }))`), /changes while nothing is sent \(at\)/],
      [
        print(
          "secret.cjs",
          `throw new Error("db of Budi Santoso 0812-3456-7890 pw=hunter2 mysql://u:pw@h/db (name)=(Siti)")`,
        ),
        /exited with 1: Error: db of <hidden> <hidden> pw=<hidden> mysql:\/\/h \(name\)=\(<hidden>\)\.$/m,
      ],
      [["--from", "1..2", "--journal", folder], /is not a journal/],
      [
        print("fail.cjs", `console.error("no database\\nof +62812345678"); process.exit(3)`),
        /Nothing was sent: .*exited with 3: of <hidden>/,
      ],
      [print("garbage.cjs", `console.log("12 rows")`), /Nothing was sent: .*neither a number nor JSON/],
      [print("nothing.cjs", ""), /Nothing was sent: .*printed nothing/],
      [["--restart-with", nodeCommand(folder, "app.cjs", "")], /Something already accepts connections at/],
    ];
    for (const [args, message] of cases) {
      const { code, out, err } = await run(["drill", "valid", "--to", app.url, ...args]);
      assert.deepEqual([args, out], [args, ""]);
      assert.match(err, message);
      assert.match(err, /^airudder-devproxy: [^\n]+\n$/);
      assert.equal(code, args.includes("--journal") ? 3 : 2, err);
    }
    assert.equal(app.requests.length, 0);
    const down = await run([
      "drill",
      "valid",
      "--to",
      `http://127.0.0.1:${await freePort()}`,
      "--restart-with",
      nodeCommand(folder, "ends.cjs", `console.error("no module")`),
    ]);
    assert.equal(down.code, 2, down.err);
    assert.match(down.err, /ended before it accepted connections.*no module/);
  });

  test("an app that is down is an error before anything is sent, and one that already runs is reported at once", async (t) => {
    const port = await freePort();
    const down = await run(["drill", "valid", "--to", `http://127.0.0.1:${port}`]);
    assert.deepEqual([down.code, down.out], [2, ""]);
    assert.match(
      down.err,
      /does not accept connections at http:\/\/127\.0\.0\.1:\d+\/ \(ECONNREFUSED\)\. Start the app/,
    );
    const app = await recorder(t);
    const start = performance.now();
    const running = await run(["drill", "valid", "--to", app.url, "--restart-with", "true"]);
    assert.match(running.err, /Something already accepts connections/);
    assert.ok(performance.now() - start < 4_000);
  });

  test("drill reaches names under localhost", async (t) => {
    const app = await recorder(t);
    const { code, out, err } = await run(["drill", "valid", "--to", app.url.replace("127.0.0.1", "app.localhost")]);
    assert.equal(code, 0, out + err);
  });

  test("drill shows the effect of one push, in the table and in JSON", async (t) => {
    const app = await DrilledApp.start(t, { mode: "direct", defect: "none", limitMs: LIMIT_MS });
    const { folder, key, token } = app.options;
    const args = ["drill", "valid", "--to", app.url, "--key", key, "--verify", countRows(folder)];
    const [table, json] = await Promise.all(
      [[], ["--json"]].map((more) => run([...args, ...more], { env: { AIRUDDER_TOKEN: token } })),
    );
    assert.match(table?.out ?? "", /^valid +passed .*\n {4}The effect of one push: the number: \+\d\. Check/m);
    assert.match(String(json?.lines()[0]?.effect), /^the number: \+\d$/);
  });

  test("drill --list prints every scenario with its description", async () => {
    const { code, out, lines } = await run(["drill", "--list", "--json"]);
    assert.equal(code, 0, out);
    assert.deepEqual(
      lines(),
      drillScenarios.map((scenario) => ({ event: "scenario", ...scenario })),
    );
  });

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    test(`${signal} ends the app and the verify command that a drill started (signals: not on Windows)`, {
      skip: process.platform === "win32",
    }, async (t) => {
      const folder = makeFolder(t);
      const port = await freePort();
      const pids = ["app", "verify"].map((name) => join(folder, name));
      const writePid = (file: string) => `require("fs").writeFileSync(${JSON.stringify(file)}, String(process.pid));`;
      const [appPid, verifyPid] = pids as [string, string];
      const { child, ended } = startRun([
        "drill",
        "valid",
        "--to",
        `http://127.0.0.1:${port}`,
        "--restart-with",
        nodeCommand(
          folder,
          "app.cjs",
          `${writePid(appPid)} require("http").createServer(() => {}).listen(${port}, "127.0.0.1");`,
        ),
        "--verify",
        nodeCommand(folder, "verify.cjs", `${writePid(verifyPid)} setInterval(() => {}, 1_000);`),
      ]);
      await until(() => pids.every((file) => existsSync(file) && readFileSync(file, "utf8") !== ""));
      child.kill(signal);
      const { code, err } = await ended;
      assert.deepEqual([code, err], [1, "airudder-devproxy: interrupted\n"]);
      for (const pid of pids.map((file) => Number(readFileSync(file, "utf8"))))
        await until(() => {
          try {
            return !process.kill(pid, 0) || readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0] === "Z";
          } catch {
            return true;
          }
        });
    });
  }

  test("values that verify prints are redacted in the table, JSON and JUnit XML, unless --reveal is given", async (t) => {
    const folder = makeFolder(t);
    const file = join(folder, "rows.json");
    const rows: object[] = [];
    const write = () => writeFileSync(file, JSON.stringify(rows));
    const app = await new RecorderApp((_, response) => {
      rows.push({ name: "Siti Rahma", state: "HANGUP", amount: 20_000_000, "Budi Santoso": "PIN 1234" });
      write();
      response.writeHead(200).end("{}");
    }).start();
    atEnd(t, () => app.stop());
    write();
    const verify = nodeCommand(
      folder,
      "rows.cjs",
      `console.log(require("fs").readFileSync(${JSON.stringify(file)}, "utf8"))`,
    );
    const junit = join(folder, "drill.xml");
    const args = ["drill", "valid", "duplicate", "--to", app.url, "--verify", verify, "--junit", junit];
    for (const more of [[], ["--json"]]) {
      const hidden = await run([...args, ...more]);
      const all = hidden.out + hidden.err + readFileSync(junit, "utf8");
      assert.ok(!/Siti|Budi|PIN/.test(all), all);
      assert.match(hidden.out, /\[\]\.amount: \+40000000 instead of \+20000000/);
      assert.match(hidden.out, /\[\]\.name = <text:[0-9a-f]+>: added 2 times/);
      assert.match(hidden.out, /HANGUP/);
    }
    assert.match((await run([...args, "--reveal"])).out, /Siti Rahma/);
  });

  test("a phone number that verify prints is redacted, unless --reveal is given", async (t) => {
    const folder = makeFolder(t);
    const receiver = airudder({ key: KEY, warnings: false });
    atEnd(t, () => receiver.close());
    let count = 0;
    const app = await new RecorderApp((_, response) => {
      writeFileSync(join(folder, "rows.json"), JSON.stringify(Array.from({ length: ++count }, () => "+6281234567890")));
      response.writeHead(200).end("{}");
    }).start();
    atEnd(t, () => app.stop());
    writeFileSync(join(folder, "rows.json"), "[]");
    const verify = nodeCommand(
      folder,
      "rows.cjs",
      `console.log(require("fs").readFileSync(${JSON.stringify(join(folder, "rows.json"))}, "utf8"))`,
    );
    const args = ["drill", "duplicate", "--to", app.url, "--verify", verify];
    const hidden = await run(args);
    assert.equal(hidden.code, 1, hidden.out);
    assert.match(hidden.out, /added twice|added 2 times/);
    assert.ok(!hidden.out.includes("81234567890"), hidden.out);
    assert.match((await run([...args, "--reveal"])).out, /\+6281234567890/);
  });

  test("JUnit XML is well-formed for any text, and counts the results", () => {
    const odd = `<a href="x">&amp; ]]> 'q' \u0000\u001b[31m \ud800 \u{1F600}\ufffe`;
    const result = { by: "effects", reason: odd, advice: odd, ms: 1_234 } as const;
    const results = (["passed", "failed", "skipped"] as const).map((status) => ({ ...result, status, name: status }));
    const { name, attributes, children } = parseXml(
      junitXml({ ok: false, passed: 1, failed: 1, skipped: 1, ms: 3_000, results }),
    );
    assert.equal(name, "testsuites");
    assert.deepEqual(attributes, { tests: "3", failures: "1", errors: "0", skipped: "1", time: "3.000" });
    const cases = children[0]?.children ?? [];
    assert.deepEqual(
      cases.map((each) => [each.attributes.time, each.children.map((child) => child.name).join()]),
      [
        ["1.234", "properties,system-out"],
        ["1.234", "properties,failure"],
        ["1.234", "properties,skipped"],
      ],
    );
    assert.match(
      cases[1]?.children[1]?.attributes.message ?? "",
      /^<a href="x">&amp; \]\]> 'q' +\[31m \ufffd \u{1F600} $/u,
    );
  });
});
