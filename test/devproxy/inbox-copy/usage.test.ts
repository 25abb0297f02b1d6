import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startDevproxy } from "airudder-devproxy";
import { parseInboxUrl } from "../../../devproxy/src/config/inbox-url.js";
import { readProjectConfig } from "../../../devproxy/src/config/project.js";
import { type Run, run } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { PASSWORD, read } from "./production.js";

const URL_WITH_PASSWORD = `postgres://user:${PASSWORD}@db.test/app`;

test("the URL of an inbox names its schema or queue, and is printed without its password and the driver's parameters", () => {
  const shown = (url: string) => parseInboxUrl(url)?.shown;
  assert.equal(shown(`${URL_WITH_PASSWORD}?sslmode=require&password=x`), "postgres://user@db.test/app?schema=airudder");
  assert.equal(shown("redis://:s3cret@h:6380/2?queue=calls&prefix={a}"), "redis://h:6380/2?queue=calls&prefix=%7Ba%7D");
  assert.deepEqual(parseInboxUrl("postgresql:///app?host=/run/postgresql&schema=In%20box"), {
    engine: "postgres",
    schema: "In box",
    connection: "postgresql:///app?host=%2Frun%2Fpostgresql",
    shown: "postgresql:///app?schema=In+box",
  });
  for (const folder of [".airudder", "/var/inbox", "C:\\inbox", "C:/inbox", "./postgres"])
    assert.equal(parseInboxUrl(folder), undefined, folder);
  const isClear = (message: RegExp) => (error: Error) => message.test(error.message) && !error.message.includes("s3cr");
  assert.throws(() => parseInboxUrl("mysql://u:s3cr@h/d"), isClear(/--journal does not support mysql:\/\/ URLs/));
  assert.throws(() => parseInboxUrl("postgres://u:s3cr%@h:port/d"), isClear(/malformed\. Encode special characters/));
});

test("the project's config file must not contain the URL of an inbox", (t) => {
  const folder = makeFolder(t);
  writeFileSync(join(folder, "airudder-devproxy.json"), JSON.stringify({ journal: URL_WITH_PASSWORD }));
  assert.throws(
    () => readProjectConfig(folder),
    ({ message }: Error) =>
      message.endsWith(
        '"journal" must be a folder. For the URL of an inbox, use --journal or the environment variable AIRUDDER_JOURNAL.',
      ),
  );
});

test("commands that write reject the URL of an inbox, print no password and create nothing", async (t) => {
  const cwd = makeFolder(t);
  const at = ["--journal", URL_WITH_PASSWORD];
  const rejected: [Promise<Run>, RegExp][] = [
    [
      run(["listen", "--tunnel", "none", ...at], { cwd }),
      /listen cannot use the inbox postgres:\/\/user@db\.test\/app/,
    ],
    [run(["import", "x", ...at], { cwd }), /import cannot use .* export --journal URL --as ndjson --reveal \| /],
    [run(["trigger", "call.completed", ...at], { cwd }), /trigger cannot use .* of --journal: it can only be read/],
    [
      run(["doctor"], { cwd, env: { AIRUDDER_JOURNAL: URL_WITH_PASSWORD } }),
      /doctor cannot use .* of AIRUDDER_JOURNAL/,
    ],
    [run(["dead", "--retry", "all", ...at], { cwd }), /Call receiver\.retry\(id\) or receiver\.drop\(id\)/],
    [run(["show", "a!", ...at], { cwd }), /"a!" is not an id/],
    [run([URL_WITH_PASSWORD, "list"], { cwd }), /"postgres:\/\/user:\*\*\*@db\.test\/app" is not a command/],
  ];
  for (const [ended, message] of rejected) {
    const { code, out, err } = await ended;
    assert.deepEqual([code, out], [2, ""], err);
    assert.match(err, message);
    assert.match(err, /^airudder-devproxy: [^\n]+\n$/);
    assert.doesNotMatch(err, /s3cr/);
  }
  await assert.rejects(startDevproxy({ journal: URL_WITH_PASSWORD }), { code: "usage", message: /must be a folder/ });
  assert.deepEqual(readdirSync(cwd), []);
});

test("a driver that is not installed is reported with the command that installs it", async (t) => {
  const hook = (missing: string) => `export const resolve = (name, context, next) => {
    if (name !== "${missing}") return next(name, context);
    throw Object.assign(new Error(name), { code: "ERR_MODULE_NOT_FOUND" });
  };`;
  const url = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
  const loader = (missing: string) =>
    `import { register } from "node:module"; register(${JSON.stringify(url(hook(missing)))});`;
  for (const [journal, packages, missing] of [
    ["postgres://h/d", "pg", "pg"],
    ["redis://h", "bullmq ioredis", "ioredis"],
    ["redis://h", "bullmq ioredis", "bullmq"],
  ] as const) {
    const env = { NODE_OPTIONS: `--import=${url(loader(missing))}` };
    const { code, err } = await read(t, ["list", "--journal", journal], env);
    assert.equal(code, 3, err);
    assert.match(err, new RegExp(`^airudder-devproxy: To read ${journal}.*: npm install --save-dev ${packages}\n$`));
  }
});
