import assert from "node:assert/strict";
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { DevproxyError } from "airudder-devproxy";
import { readProjectConfig } from "../../../devproxy/src/config/index.js";
import { atEnd } from "../../helpers/at-end.js";
import { run, sample, send, startRun, until } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { RecorderApp } from "../../helpers/recorder-app.js";

const FILE = "airudder-devproxy.json";
const CLEAR = { AIRUDDER_KEY: "", AIRUDDER_TOKEN: "", AIRUDDER_TARGET: "" };

/** A repository with a config file at its root, and a subfolder. */
function makeProject(t: TestContext, config: object | string): { root: string; below: string } {
  const root = realpathSync(makeFolder(t));
  const below = join(root, "src", "deep");
  mkdirSync(below, { recursive: true });
  mkdirSync(join(root, ".git"));
  writeFileSync(join(root, FILE), typeof config === "string" ? config : JSON.stringify(config));
  return { root, below };
}

async function startApp(t: TestContext): Promise<RecorderApp> {
  const app = await new RecorderApp().start();
  atEnd(t, () => app.stop());
  return app;
}

/** Runs `listen` for one push, and returns what it printed. */
async function listenOnce(t: TestContext, args: string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { child, ended } = startRun(["listen", ...args], { cwd, env: { ...CLEAR, ...env } });
  atEnd(t, () => child.kill("SIGKILL"));
  let out = "";
  child.stdout?.on("data", (chunk) => {
    out += chunk;
  });
  await until(() => /local +http\S+/.test(out) || child.exitCode !== null);
  await send(String(/local +(http\S+)/.exec(out)?.[1]), sample("dialer.task/running"));
  await until(() => /^\S+ +#\d/m.test(out));
  child.kill("SIGTERM");
  return (await ended).out;
}

test("listen and list use the options of the project's config file, also from subfolders", async (t) => {
  const app = await startApp(t);
  const { root, below } = makeProject(t, { target: app.url, tunnel: "none", journal: "var/pushes", whenDown: "fail" });
  const out = await listenOnce(t, [], below);
  assert.equal(app.requests.length, 1);
  assert.match(out, /journal +\S*var[\\/]pushes/);
  const listed = await run(["list", "--json"], { cwd: below, env: CLEAR });
  assert.equal(listed.lines().length, 1, listed.err);
  assert.equal((await run(["list", "--json", "--journal", join(root, "var", "pushes")])).lines().length, 1);
});

test("flags override the environment, the environment overrides the file, the file overrides defaults; empty variables count as not set", async (t) => {
  const apps = [await startApp(t), await startApp(t), await startApp(t)] as const;
  const [flag, variable, file] = apps;
  const { root } = makeProject(t, { target: file.url, tunnel: "none" });
  const received = () => apps.map(({ requests }) => requests.length);
  await listenOnce(t, ["--target", flag.url], root, { AIRUDDER_TARGET: variable.url });
  assert.deepEqual(received(), [1, 0, 0]);
  await listenOnce(t, [], root, { AIRUDDER_TARGET: variable.url });
  assert.deepEqual(received(), [1, 1, 0]);
  await listenOnce(t, [], root, { AIRUDDER_TARGET: "" });
  assert.deepEqual(received(), [1, 1, 1]);
  const replayed = await run(["replay", "1"], { cwd: root, env: { ...CLEAR, AIRUDDER_TARGET: variable.url } });
  assert.equal(replayed.code, 0, replayed.err);
  assert.deepEqual(received(), [1, 2, 1]);
});

test("the app receives AIRUDDER_TOKEN with live and replayed pushes; neither the journal nor the output contains it", async (t) => {
  const app = await startApp(t);
  const { root } = makeProject(t, { target: app.url, tunnel: "none" });
  const env = { AIRUDDER_TOKEN: "t0ken-secret" };
  const out = await listenOnce(t, [], root, env);
  const replayed = await run(["replay", "1", "--json"], { cwd: root, env: { ...CLEAR, ...env } });
  assert.equal(replayed.code, 0, replayed.err);
  assert.deepEqual(
    app.requests.map(({ headers }) => headers["airudder-token"]),
    ["t0ken-secret", "t0ken-secret"],
  );
  const shown = await run(["show", "1", "--json", "--reveal"], { cwd: root });
  const list = await run(["list", "--json", "--reveal"], { cwd: root });
  for (const text of [out, replayed.out, shown.out, list.out]) assert.equal(text.includes("t0ken-secret"), false);
  const wrong = await run(["replay", "1"], { cwd: root, env: { ...CLEAR, AIRUDDER_TOKEN: "a\u00e9b" } });
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /AIRUDDER_TOKEN contains characters that a header must not contain\. Put it into --target/);
});

const wrong: [object | string, RegExp][] = [
  [{ key: "s3cret" }, /"key" is not allowed in this file\. Set the environment variable AIRUDDER_KEY instead\.$/],
  [{ token: "s3cret" }, /"token" is not allowed in this file\. .*AIRUDDER_TOKEN/],
  [{ command: "rm" }, /"command" is not allowed in this file, which never runs a program/],
  [{ tunnel: "command:rm {local}" }, /"tunnel" must be localtunnel, none or url:.* use --tunnel on the command\b/],
  [{ tunnel: "cloudflared" }, /"tunnel" must be localtunnel, none or url:/],
  [{ tunnel: "url:https://user:s3cret@demo.test" }, /"tunnel" must be .*such as url:https:\/\/demo\.example\.com/],
  [{ tunnel: "url:https://demo.test/?key=s3cret" }, /"tunnel" must be .*such as url:https:\/\/demo\.example\.com/],
  [{ tunnel: ["none"] }, /"tunnel" must be a string that is not empty\.$/],
  [{ whenDown: ["hold"] }, /"whenDown" must be hold, ack or fail\.$/],
  [{ tunnel: "ssh:host" }, /"tunnel" must be localtunnel, none or url:/],
  [
    { target: "http://localhost/x?token=s3cret" },
    /"target" must not contain a query or the app's token.*AIRUDDER_TOKEN/,
  ],
  [{ target: "http://localhost/x/t/s3cret" }, /"target" must not contain a query or the app's token.*AIRUDDER_TOKEN/],
  [{ target: "http://localhost/x/t/s3cret/" }, /"target" must not contain a query or the app's token/],
  [{ target: "http://localhost/x?tenant=s3cret" }, /"target" must not contain a query or the app's token/],
  [{ target: "http://s3cret@localhost/x" }, /"target" must be an http\(s\) URL without a user name or password/],
  [{ target: "http://user:s3cret@localhost/x" }, /"target" must be an http\(s\) URL without a user name or password/],
  [{ target: "ftp://localhost/s3cret" }, /"target" must be an http\(s\) URL without a user name or password/],
  [{ target: ["s3cret"] }, /"target" must be an http\(s\) URL/],
  [
    { tunnelHost: "https://s3cret@tunnel.test" },
    /"tunnelHost" must be a URL without a user name, password or query\.$/,
  ],
  [{ tunnelHost: "https://user:s3cret@tunnel.test" }, /"tunnelHost" must be a URL without a user name, password/],
  [
    { tunnelHost: "https://tunnel.test/?key=s3cret" },
    /"tunnelHost" must be a URL without a user name, password or query/,
  ],
  [{ tunnelHost: 1 }, /"tunnelHost" must be a string/],
  [{ target: "localhost:3000/?token=s3cret" }, /"target" must be an http\(s\) URL/],
  [{ taget: "http://localhost/" }, /"taget" is unknown\. Did you mean "target"\?$/],
  [{ "tunnel-host": "https://x.test" }, /"tunnel-host" is unknown\. Did you mean "tunnelHost"\?$/],
  [{ reveal: true }, /"reveal" is unknown\. Options: target, journal, tunnel, /],
  [{ journal: 1 }, /"journal" must be a string/],
  [{ port: "80" }, /"port" must be a whole number/],
  [{ keep: "much" }, /"keep" is wrong\. .*"much" is not valid/],
  [{ whenDown: "cry" }, /"whenDown" must be hold, ack or fail/],
  ["{'s3cret'", /cannot be read: it is not JSON\.$/],
  ["[]", /must contain a JSON object/],
];

test("a wrong config file is reported on one line with its path and the member, without secrets, with exit code 2", async (t) => {
  for (const [config, message] of wrong) {
    const { root, below } = makeProject(t, config);
    const { code, out, err } = await run(["list"], { cwd: below, env: CLEAR });
    assert.deepEqual([code, out], [2, ""], err);
    assert.ok(err.startsWith(`airudder-devproxy: ${join(root, FILE)}`), err);
    assert.match(err.trimEnd(), message);
    assert.equal(err.includes("s3cret"), false, err);
    assert.equal(err.trimEnd().includes("\n"), false);
  }
});

test("a wrong config file is an error with the code project_config, whose message contains no secrets", (t) => {
  for (const [config, message] of wrong) {
    const { root, below } = makeProject(t, config);
    assert.throws(
      () => readProjectConfig(below),
      (error: Error) => {
        assert.ok(error instanceof DevproxyError, String(error));
        assert.deepEqual([error.code, error.exit], ["project_config", 2], error.message);
        assert.ok(error.message.startsWith(join(root, FILE)), error.message);
        assert.match(error.message, message);
        assert.equal(error.message.includes("s3cret"), false, error.message);
        return true;
      },
    );
  }
});

test("the search for the config file and for .airudder stops at the root of the repository", async (t) => {
  const { root } = makeProject(t, { nonsense: true });
  const inner = join(root, "inner");
  mkdirSync(join(inner, ".git"), { recursive: true });
  mkdirSync(join(inner, "src"));
  mkdirSync(join(root, ".airudder"));
  writeFileSync(join(root, ".airudder", "config.json"), "");
  const { code, err } = await run(["list"], { cwd: join(inner, "src"), env: CLEAR });
  assert.equal(code, 3);
  assert.ok(err.includes(`The journal ${join(inner, "src", ".airudder")} does not exist`), err);
});

test("every command finds .airudder from a subfolder, and names the folder it uses", async (t) => {
  const app = await startApp(t);
  const root = realpathSync(makeFolder(t));
  const below = join(root, "src", "deep");
  mkdirSync(below, { recursive: true });
  await listenOnce(t, ["--target", app.url, "--tunnel", "none"], root);
  const found = join("..", "..", ".airudder");
  const out = await listenOnce(t, ["--target", app.url, "--tunnel", "none"], below);
  assert.ok(out.includes(found), out);
  const listed = await run(["list"], { cwd: below, env: CLEAR });
  assert.ok(listed.out.endsWith(`2 pushes of 2, in ${found}\n`), listed.out);
  for (const args of [["show", "2"], ["replay", "2", "--to", app.url], ["drift"], ["list", "--json"]]) {
    const { code, err } = await run(args, { cwd: below, env: CLEAR });
    assert.deepEqual([args, code], [args, 0], err);
  }
  assert.ok((await run(["show", "9"], { cwd: below, env: CLEAR })).err.includes("no push 9"));
  const doctor = await run(["doctor", "--target", app.url, "--tunnel", "none"], { cwd: below, env: CLEAR });
  assert.ok(doctor.out.includes(`${join(root, ".airudder")} is writable`), doctor.out);
});
