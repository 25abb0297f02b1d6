import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { compile } from "../../../scripts/child.js";
import { atEnd } from "../../helpers/at-end.js";
import { makeFolder } from "../../helpers/folder.js";
import { freePort } from "../../helpers/free-port.js";
import { until } from "../../helpers/until.js";
import { contact, Load, ownerPid, postOnce } from "./shared-load.js";

const PM2 = join(dirname(createRequire(import.meta.url).resolve("pm2/package.json")), "bin/pm2");
/** Limit of the time for which a push is rejected. The goal is one second; a loaded machine takes longer. */
const REJECTED_LIMIT_MS = 5_000;

test("Linux and macOS only: pm2 with two instances: no push is lost when the app is reloaded under load", {
  skip: process.platform === "win32",
}, async (t) => {
  const folder = makeFolder(t);
  const [dir, log] = [join(folder, "inbox"), join(folder, "log")];
  writeFileSync(log, "");
  const script = await compile("test/middleware/inbox/shared.fixture.ts");
  atEnd(t, () => script.remove());
  const env = { ...process.env, PM2_HOME: join(folder, "pm2"), NODE_OPTIONS: "" };
  const pm2 = (...args: string[]) => promisify(execFile)(process.execPath, [PM2, ...args], { env, timeout: 60_000 });
  atEnd(t, () => pm2("kill"));
  const port = await freePort();
  await pm2(
    "start",
    script.file,
    "-i",
    "2",
    "--name",
    "app",
    "--kill-timeout",
    "10000",
    "--",
    "worker",
    dir,
    log,
    String(port),
  );
  await until(async () => (await postOnce(port, contact("first", 1))) === 200);
  const load = new Load(() => [port], 8);
  atEnd(t, () => load.stop());
  await until(() => load.total > 100, 20_000);
  const before = ownerPid(dir);
  await pm2("reload", "app");
  assert.notEqual(ownerPid(dir), before);
  const reloaded = load.total;
  await until(() => load.total > reloaded + 100, 20_000);
  await load.stop();
  await load.checkHandled(log);
  t.diagnostic(`${load.total} pushes; a push was rejected for at most ${Math.round(load.maxRejectedMs)} ms`);
  assert.ok(load.maxRejectedMs < REJECTED_LIMIT_MS);
});
