import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type DevproxyOptions, startDevproxy } from "airudder-devproxy";
import { atEnd } from "../helpers/at-end.js";
import { send, startProxy } from "../helpers/devproxy.js";
import { programs } from "../helpers/devproxy-programs.js";
import { makeFolder } from "../helpers/folder.js";
import { freePort } from "../helpers/free-port.js";

/** Listens on a port of 127.0.0.1. Returns how to free it. */
async function occupy(port: number): Promise<() => Promise<void>> {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  return async () => {
    server.close();
    await once(server, "close");
  };
}

interface Obstacle {
  code: string;
  message: RegExp;
  /** Makes the start fail. Returns how to repair it. */
  block(dir: string, port: number): Promise<() => unknown>;
}

const folderAt = (name: string) => async (dir: string) => {
  const path = join(dir, name);
  mkdirSync(join(path, "sub"), { recursive: true });
  return () => rmSync(path, { recursive: true });
};

const obstacles: Record<string, Obstacle> = {
  "config.json is a folder": {
    code: "config_unreadable",
    message: /config\.json cannot be read/,
    block: folderAt("config.json"),
  },
  "its port is in use": {
    code: "port_in_use",
    message: /Port \d+ is in use/,
    block: (_, port) => occupy(port),
  },
  "listen.json cannot be written": {
    code: "not_writable",
    message: /listen\.json cannot be written/,
    block: folderAt("listen.json"),
  },
};

for (const [what, { code, message, block }] of Object.entries(obstacles)) {
  test(`a start that fails because ${what} releases port and journal for the next start`, async (t) => {
    const journal = makeFolder(t);
    const port = await freePort();
    const repair = await block(journal, port);
    for (let attempt = 0; attempt < 2; attempt++)
      await assert.rejects(startDevproxy({ journal, port, tunnel: "none" }), { code, message });
    await repair();
    await (await occupy(port))();
    const left = readdirSync(journal).filter((name) => /^(config|listen)\.json\./.test(name));
    assert.deepEqual(left, []);
    const { proxy } = await startProxy(t, { journal, port });
    assert.equal((await send(proxy.localUrl, "{}")).status, 200);
  });
}

test("a process whose start fails ends", async (t) => {
  const journal = makeFolder(t);
  await folderAt("listen.json")(journal);
  const { exit, err } = await startInProcess(t, { journal, tunnel: "none" });
  assert.equal(exit, 1, err);
  assert.match(err, /listen\.json cannot be written/);
});

/** Starts a proxy in a process of its own, and waits until the process has ended. */
async function startInProcess(t: TestContext, options: DevproxyOptions): Promise<{ exit: unknown; err: string }> {
  const { exitWithParent, child: file } = programs();
  const child = spawn(process.execPath, ["--import", exitWithParent, file, JSON.stringify(options)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  atEnd(t, () => child.kill("SIGKILL"));
  let err = "";
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  const [exit] = await once(child, "close", { signal: AbortSignal.timeout(20_000) });
  return { exit, err };
}
