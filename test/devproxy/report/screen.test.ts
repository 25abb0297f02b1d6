import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync } from "node:fs";
import { test } from "node:test";
import { send, startProxy } from "../../helpers/devproxy.js";
import { programs } from "../../helpers/devproxy-programs.js";

const FULL = "/dev/full";

test("output that cannot be written is one line on standard error and exit code 1", {
  skip: !existsSync(FULL),
}, async (t) => {
  const { proxy, dir } = await startProxy(t);
  for (const n of [1, 2]) await send(proxy.localUrl, `{"n":${n}}`);
  await proxy.close();
  const { exitWithParent, cli } = programs();
  for (const args of [["list"], ["list", "--json"], ["show", "1"], ["show", "1", "--raw"], ["drift"]]) {
    const child = spawn(process.execPath, ["--import", exitWithParent, cli, ...args, "--journal", dir], {
      stdio: ["ignore", openSync(FULL, "w"), "pipe"],
    });
    let err = "";
    child.stderr?.on("data", (chunk) => {
      err += chunk;
    });
    const [code] = await once(child, "close");
    assert.match(err, /^airudder-devproxy: The output cannot be written \(ENOSPC[^\n]*\)\.\n$/, args.join(" "));
    assert.equal(code, 1, args.join(" "));
  }
});

test("output that nobody reads any more ends without a word", { skip: process.platform === "win32" }, async (t) => {
  const { proxy, dir } = await startProxy(t);
  for (const n of [1, 2]) await send(proxy.localUrl, `{"n":${n}}`);
  await proxy.close();
  const { exitWithParent, cli } = programs();
  const child = spawn(process.execPath, ["--import", exitWithParent, cli, "list", "--journal", dir]);
  child.stdout.destroy();
  let err = "";
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  const [code] = await once(child, "close");
  assert.deepEqual([code, err], [0, ""]);
});
