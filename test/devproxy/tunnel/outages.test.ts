import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, afterEach, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { SupervisorOptions } from "../../../devproxy/src/tunnel/index.js";
import {
  commandTunnel,
  localtunnel,
  publicRequest,
  tunnelNote,
  urlTunnel,
} from "../../../devproxy/src/tunnel/index.js";
import { LocaltunnelServer } from "../../helpers/localtunnel-server.js";
import { DEFAULT_TIMING } from "./internals.js";
import { Target } from "./target.js";
import { QUICK, Watcher } from "./watcher.js";

/** Each outage of a real localtunnel server is reported, and afterwards requests pass again. */
describe("outages of a tunnel server", () => {
  const server = new LocaltunnelServer();
  const target = new Target();
  let watcher: Watcher;
  let names = 0;
  const name = () => `outage-${names}`;
  const watch = (options: Partial<SupervisorOptions> = {}) => {
    names++;
    const { port, secret } = target;
    const provider = { ...localtunnel({ host: server.url }), openTimeoutMs: 3_000, firstPingTimeoutMs: 3_000 };
    watcher = new Watcher({ provider, port, secret, subdomain: name(), ...options });
    watcher.supervisor.start();
    return watcher;
  };
  const assertPasses = async (url: string | null) => {
    assert.ok(url);
    const response = await publicRequest(`${url}/x`, { method: "POST", body: "a push", timeoutMs: 20_000 });
    assert.equal(response.body.toString(), "a push");
  };
  before(() => Promise.all([server.start(), target.start()]));
  afterEach(async () => {
    await watcher?.supervisor.close();
    await server.behave("normal");
  });
  after(() => Promise.all([server.stop(), target.stop()]));

  it("none: up, with the requested name", async () => {
    const { url, error } = await watch().next("up");
    assert.equal(url, `${server.publicUrl(name())}/in/s3cret`);
    assert.equal(error, undefined);
    await assertPasses(url);
  });

  it("killed and started again: the same URL works again", async () => {
    const before = await watch().next("up");
    await server.stop();
    const down = await watcher.next("down");
    assert.match(down.error?.message ?? "", /connection refused|closed without a response/);
    assert.doesNotMatch(down.error?.message ?? "", /firewall/);
    await server.start();
    const again = await watcher.next("up");
    assert.equal(again.url, before.url);
    await assertPasses(again.url);
  });

  it("frozen and thawed (Linux and macOS only)", { skip: process.platform === "win32" }, async () => {
    const before = await watch().next("up");
    server.freeze();
    const down = await watcher.next("down");
    assert.match(down.error?.message ?? "", /no response/);
    await watcher.next("reopening");
    server.thaw();
    const again = await watcher.next("up");
    assert.equal(again.url, before.url);
    await assertPasses(again.url);
  });

  it("frozen during a request: the requested name is back within 5 s of its release (Linux and macOS only)", {
    skip: process.platform === "win32",
  }, async () => {
    const before = await watch({
      provider: localtunnel({ host: server.url }),
      timing: { ...QUICK, reclaimMs: DEFAULT_TIMING.reclaimMs, maxReclaimMs: DEFAULT_TIMING.maxReclaimMs },
    }).next("up");
    server.freeze();
    await watcher.next("reopening");
    // The server responds to the pending request before it releases the name. By then there is hardly time for another request.
    await new Promise((resolve) => setTimeout(resolve, 6_500));
    const thawed = performance.now();
    server.thaw();
    let back = await watcher.next("up");
    if (back.url !== before.url) back = await watcher.next("up");
    const released = server.releasesOf(name()).find((moment) => moment > thawed);
    assert.ok(released);
    assert.ok(performance.now() - released < 5_000, `${performance.now() - released} ms`);
    assert.equal(back.url, before.url);
    await assertPasses(back.url);
  });

  it("all connections dropped: requests pass again", async () => {
    const { url } = await watch().next("up");
    await server.dropSockets();
    await assertPasses(url);
  });

  for (const mode of ["500", "html"] as const) {
    it(`response ${mode}, then normal: up again with the same URL`, async () => {
      const before = await watch().next("up");
      await server.behave(mode);
      const down = await watcher.next("down");
      assert.match(down.error?.message ?? "", mode === "500" ? /responded 500/ : /responded 200 with a web page/);
      await server.behave("normal");
      const again = await watcher.next("up");
      assert.equal(again.url, before.url);
      await assertPasses(again.url);
    });
  }

  it("another name assigned: reported and working, and the requested name is used when it is free", async () => {
    const before = await watch().next("up");
    await server.stop();
    await watcher.next("down");
    await server.start({ mode: "rename" });
    const other = await watcher.next("up");
    assert.equal(other.error?.code, "tunnel_name_taken");
    assert.match(other.url ?? "", /http:\/\/other-/);
    await assertPasses(other.url);
    await server.behave("normal");
    const back = await watcher.next("up");
    assert.equal(back.url, before.url);
    assert.equal(back.error, undefined);
    assert.match(tunnelNote(back) ?? "", new RegExp(`requested name again. Give ${back.url} to Airudder`));
    assert.equal(tunnelNote(other), undefined);
    await assertPasses(back.url);
  });

  it("down at the start: reported, and up when the server starts", async () => {
    await server.stop();
    const { error } = await watch().next("down");
    assert.equal(error?.code, "tunnel_unreachable");
    assert.equal(await watcher.supervisor.ready(), null);
    await server.start();
    await assertPasses((await watcher.next("up")).url);
  });

  it("closed while it is down: ends", async () => {
    await watch().next("up");
    await server.stop();
    await watcher.next("reopening");
    await watcher.supervisor.close();
    assert.equal(watcher.supervisor.status.state, "off");
    await server.start();
  });

  it("a tunnel that the user runs: reported, and up again after its outage", async () => {
    await watch().next("up");
    const userTunnel = new Watcher({
      provider: urlTunnel(server.publicUrl(name())),
      port: target.port,
      secret: target.secret,
    });
    userTunnel.supervisor.start();
    await userTunnel.next("up");
    await server.behave("500");
    assert.match((await userTunnel.next("down")).error?.message ?? "", /responded 500/);
    await server.behave("normal");
    await userTunnel.next("up");
    await userTunnel.supervisor.close();
  });

  it("a tunnel program that ends: reported with its last line, and started again", async () => {
    const program = fileURLToPath(new URL("./tunnel-program.fixture.ts", import.meta.url));
    const command = `"${process.execPath}" --import tsx "${program}" ${server.url} by-command {port}`;
    watch({ provider: commandTunnel(command) });
    const before = await watcher.next("up");
    assert.equal(before.url, `${server.publicUrl("by-command")}/in/s3cret`);
    const { error } = await watcher.next("down");
    assert.equal(error?.code, "tunnel_command_failed");
    assert.match(error?.message ?? "", /its last line: session expired/);
    await assertPasses((await watcher.next("up")).url);
  });

  it("after closing, the process can end", async () => {
    await watcher.supervisor.close();
    const fixture = fileURLToPath(new URL("./closing.fixture.ts", import.meta.url));
    const args = ["--import", "tsx", fixture, server.url, "to-be-closed"];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
    assert.equal(stdout.trim(), `${server.publicUrl("to-be-closed")}/in/s3cret`);
    assert.equal(stderr, "");
  });
});
