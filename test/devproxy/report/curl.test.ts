import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openJournal } from "airudder-webhooks/journal";
import { run, send, startProxy } from "../../helpers/devproxy.js";
import { programs } from "../../helpers/devproxy-programs.js";
import { makeFolder } from "../../helpers/folder.js";
import { pushHead } from "../../helpers/push-head.js";
import { RecorderApp } from "../../helpers/recorder-app.js";

test("--curl sends to the app that received the live push, with the push's query, and contains no secret without --reveal", async (t) => {
  const app = await new RecorderApp().start();
  const { proxy, dir } = await startProxy(t, { app, target: `${app.url}?token=s3cret` });
  const otherApp = await new RecorderApp().start();
  t.after(() => otherApp.stop());
  await send(`${proxy.localUrl}?x=1`, "{}", { headers: { authorization: "Bearer abc" } });
  await proxy.replay({ last: 1, to: otherApp.url });
  const running = await run(["show", "1", "--curl", "--journal", dir]);
  await proxy.close();
  const hidden = await run(["show", "1", "--curl", "--journal", dir]);
  assert.equal(hidden.out, running.out);
  const [comment, command] = hidden.out.split("\n");
  assert.match(comment ?? "", /^# .*--reveal/);
  assert.match(command ?? "", /^npx airudder-devproxy show 1 --journal \S+ --raw \| curl /);
  assert.match(command?.replace(app.url, "") ?? "", / '\?token=<hidden>&x=<text:\w+>'$/);
  assert.equal(/s3cret|Bearer/.test(hidden.out), false);

  const complete = (await run(["show", "1", "--curl", "--reveal", "--journal", dir])).out;
  assert.match(complete, /^curl /);
  if (process.platform === "win32") return;
  await once(execFile("sh", ["-c", complete.replace("curl ", "curl -s ")]), "close");
  const [live, again] = app.requests;
  assert.deepEqual([again?.url, again?.headers.authorization], [live?.url, "Bearer abc"]);
});

/** Bodies, and whether the command contains them. */
const bodies: [string, string | Buffer, boolean][] = [
  ["a file name after @", `@${fileURLToPath(import.meta.url)}`, true],
  ["quotes, a line feed and non-ASCII text", '{"it\'s": "$HOME `x` \\u0041 \u00e9\u{1f600}"}\n\t', true],
  ["empty", "", true],
  ["control characters", "\u001b[31m\u009b1m\r", false],
  ["not text", Buffer.from([0xff, 0, 0x40]), false],
  ["longer than an argument", `{"a":"${"'".repeat(200_000)}"}`, false],
];

for (const [what, body, isInline] of bodies) {
  test(`--curl sends a body byte for byte: ${what}`, { skip: process.platform === "win32" }, async (t) => {
    const { proxy, app, dir } = await startProxy(t);
    await send(`${proxy.localUrl}?a[0]={x,y}`, body, { headers: { "x-empty": "" } });
    await proxy.close();
    const { out } = await run(["show", "1", "--curl", "--reveal", "--journal", dir]);
    assert.equal(out.startsWith("curl "), isInline, out.slice(0, 200));
    const program = `'${process.execPath}' --import '${programs().exitWithParent}' '${programs().cli}'`;
    const command = out.replace("npx airudder-devproxy", program).replace("curl -X", "curl -s -X");
    writeFileSync(join(dir, "again.sh"), command);
    await once(execFile("sh", [join(dir, "again.sh")]), "close");
    const [live, again] = app.requests;
    assert.deepEqual([again?.sha256, again?.url], [live?.sha256, live?.url]);
    assert.equal(again?.headers["x-empty"], "");
  });
}

test("--curl warns if the app that receives live pushes is unknown", async (t) => {
  const dir = makeFolder(t);
  const inbox = await openJournal(dir);
  await inbox.append(pushHead("push-1"), { headers: {}, body: Buffer.from("{}") });
  await inbox.close();
  const { code, out, err } = await run(["show", "1", "--curl", "--journal", dir]);
  assert.deepEqual([code, out.trim().split(" ").at(-1)], [0, "http://localhost:3000/webhooks/airudder"]);
  assert.match(err, /^The URL of the app is unknown, [^\n]* http:\/\/localhost:3000\/webhooks\/airudder\.[^\n]*\n$/);
});

test("--curl sends the token of the variable AIRUDDER_TOKEN, and never contains its value", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  await send(proxy.localUrl, "{}");
  await proxy.close();
  const curlWith = async (token: string, ...flags: string[]) => {
    const { code, out, err } = await run(["show", "1", "--curl", ...flags, "--journal", dir], {
      env: { AIRUDDER_TOKEN: token },
    });
    assert.equal(code, 0, err);
    return out;
  };
  for (const flags of [[], ["--reveal"]]) {
    const out = await curlWith("t0ken-secret", ...flags);
    assert.ok(out.includes(' -H "Airudder-Token: $AIRUDDER_TOKEN" '), out);
    assert.equal(out.includes("t0ken-secret"), false, out);
    assert.doesNotMatch(await curlWith("", ...flags), /Airudder-Token/i);
  }
  if (process.platform === "win32") return;
  const complete = (await curlWith("t0ken-secret", "--reveal")).replace("curl ", "curl -s ");
  const env = { ...process.env, AIRUDDER_TOKEN: "t0ken-of-the-shell" };
  await once(execFile("sh", ["-c", complete], { env }), "close");
  assert.equal(app.requests.at(-1)?.headers["airudder-token"], "t0ken-of-the-shell");
});
