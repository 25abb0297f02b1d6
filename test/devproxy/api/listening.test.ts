import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { listenOnNextFree } from "../../../devproxy/src/api/listening.js";
import { ListenProcess } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";

function closing(t: TestContext, server: Server): Server {
  t.after(() => server.close());
  return server;
}

/** A server on a port whose next port is free too. */
async function takePort(t: TestContext): Promise<number> {
  for (;;) {
    const server = closing(t, createServer());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const probe = createServer();
    const next = await listenOnNextFree(probe, port + 1, undefined);
    await new Promise((resolve) => probe.close(resolve));
    if (next === port + 1) return port;
  }
}

test("a taken port is followed by the next free one", async (t) => {
  const taken = await takePort(t);
  assert.equal(await listenOnNextFree(closing(t, createServer()), taken, undefined), taken + 1);
});

test("the port of the app is left free, because it may start later", async (t) => {
  const port = (await takePort(t)) + 1;
  assert.notEqual(await listenOnNextFree(closing(t, createServer()), port, port), port);
});

test("0 selects any free port, and so does a port at the end of the range", async (t) => {
  for (const port of [0, 65_535]) assert.ok((await listenOnNextFree(closing(t, createServer()), port, 65_535)) > 0);
});

test("two listens with the same --inspect get different ports, and ready says which", async (t) => {
  const port = (await takePort(t)) + 1;
  const start = () =>
    ListenProcess.start(t, [
      "--target",
      `http://127.0.0.1:${port}/app`,
      "--journal",
      makeFolder(t),
      "--inspect",
      String(port),
    ]);
  const [one, two] = [await start(), await start()];
  const ports = [one, two].map(({ events }) => Number(new URL(String(events[0]?.inspector)).port));
  assert.ok(!ports.includes(port), "the port of the app");
  assert.notEqual(ports[0], ports[1]);
});
