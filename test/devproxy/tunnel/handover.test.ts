import assert from "node:assert/strict";
import { test } from "node:test";
import { pingResponse, TunnelError, type TunnelProvider } from "../../../devproxy/src/tunnel/index.js";
import { Target } from "./target.js";
import { QUICK, Watcher } from "./watcher.js";

test("the tunnel with the other name stays open for handoverMs after the requested name is back", async (t) => {
  const target = await new Target().start();
  t.after(() => target.stop());
  const opened: { name: "other" | "requested"; isClosed: boolean }[] = [];
  let isFree = false;
  const provider: TunnelProvider = {
    kind: "command",
    openTimeoutMs: 1_000,
    firstPingTimeoutMs: 200,
    open: async ({ exactName }) => {
      if (exactName && !isFree) throw new TunnelError("tunnel_name_taken", "taken");
      const tunnel = { name: isFree ? ("requested" as const) : ("other" as const), isClosed: false };
      opened.push(tunnel);
      return {
        url: target.url,
        ...(isFree ? {} : { takenName: "requested" }),
        close: async () => {
          tunnel.isClosed = true;
        },
      };
    },
  };
  const { port, secret } = target;
  const timing = { ...QUICK, reclaimMs: 10, maxReclaimMs: 10, pingIntervalMs: 10, handoverMs: 3_600_000 };
  const watcher = new Watcher({ provider, port, secret, subdomain: "requested", timing });
  t.after(() => watcher.supervisor.close());
  watcher.supervisor.start();
  await watcher.next("up");
  isFree = true;
  await watcher.next("up");
  await new Promise<void>((resolve) => {
    let pings = 0;
    target.pingWith = (nonce) => {
      if (++pings === 3) resolve();
      return pingResponse(secret, nonce);
    };
  });
  assert.deepEqual(opened, [
    { name: "other", isClosed: false },
    { name: "requested", isClosed: false },
  ]);
  await watcher.supervisor.close();
  assert.deepEqual(
    opened.map(({ isClosed }) => isClosed),
    [true, true],
  );
});
