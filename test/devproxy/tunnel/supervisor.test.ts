import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import type {
  OpenOptions,
  SupervisorOptions,
  Tunnel,
  TunnelProvider,
  TunnelStatus,
} from "../../../devproxy/src/tunnel/index.js";
import {
  noTunnel,
  pingResponse,
  TunnelError,
  TunnelSupervisor,
  tunnelEvent,
} from "../../../devproxy/src/tunnel/index.js";
import { Target } from "./target.js";
import { QUICK, Watcher } from "./watcher.js";

/** A provider whose tunnels lead directly to the target. The test chooses its failures. */
class FakeProvider implements TunnelProvider {
  readonly kind = "command";
  readonly openTimeoutMs = 1_000;
  readonly firstPingTimeoutMs = 200;
  readonly opened: (Tunnel & { fail(error: TunnelError): void })[] = [];
  readonly requested: OpenOptions[] = [];
  closed = 0;
  failWith: TunnelError | undefined;
  nameTaken = false;
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async open(options: OpenOptions): Promise<Tunnel> {
    this.requested.push(options);
    if (this.failWith) throw this.failWith;
    if (this.nameTaken && options.exactName) throw new TunnelError("tunnel_name_taken", "taken");
    let listener: ((error: TunnelError) => void) | undefined;
    const tunnel = {
      url: this.#url,
      ...(this.nameTaken && options.subdomain !== undefined && { takenName: options.subdomain }),
      close: async () => {
        this.closed++;
      },
      onFail: (callback: (error: TunnelError) => void) => {
        listener = callback;
      },
      fail: (error: TunnelError) => listener?.(error),
    };
    this.opened.push(tunnel);
    return tunnel;
  }
}

describe("the tunnel supervisor", () => {
  const target = new Target();
  let provider: FakeProvider;
  let watcher: Watcher;
  const watch = (options: Partial<SupervisorOptions> = {}) => {
    provider = new FakeProvider(target.url);
    watcher = new Watcher({ provider, port: target.port, secret: target.secret, ...options });
    return watcher;
  };
  before(() => target.start());
  afterEach(async () => {
    target.pingWith = undefined;
    await watcher.supervisor.close();
    assert.equal(provider.closed, provider.opened.length, "every tunnel opened is closed");
  });
  after(() => target.stop());

  it("is up, with the complete public URL, after a successful ping", async () => {
    watch().supervisor.start();
    assert.equal(await watcher.supervisor.ready(), `${target.url}/in/s3cret`);
    assert.deepEqual(watcher.states, ["connecting", "up"]);
    assert.ok((watcher.supervisor.pingMs ?? 0) > 0);
  });

  it("is not up if another proxy responds", async () => {
    target.pingWith = (nonce) => pingResponse("other", nonce);
    watch().supervisor.start();
    assert.equal(await watcher.supervisor.ready(), null);
    const { error } = await watcher.next("down");
    assert.equal(error?.code, "tunnel_silent");
  });

  it("pings a new tunnel until a ping succeeds", async () => {
    let pings = 0;
    target.pingWith = (nonce) => (++pings < 3 ? "not yet" : pingResponse(target.secret, nonce));
    watch().supervisor.start();
    await watcher.next("up");
    assert.deepEqual(watcher.states, ["connecting", "up"]);
  });

  it("reports a first opening that takes long, and continues", async () => {
    let open: () => void = () => undefined;
    watch({ timing: { reportPendingAfterMs: 50 } });
    const opened = provider.open.bind(provider);
    provider.open = async (options) => {
      await new Promise<void>((resolve) => {
        open = resolve;
      });
      return opened(options);
    };
    watcher.supervisor.start();
    assert.equal(await watcher.supervisor.ready(), null);
    assert.match(String(watcher.supervisor.status.error?.message), /not open yet/);
    open();
    await watcher.next("up");
    assert.deepEqual(watcher.states, ["connecting", "down", "up"]);
  });

  it("reports that the URL of a first tunnel does not respond, and continues", async () => {
    let isResponding = false;
    target.pingWith = (nonce) => (isResponding ? pingResponse(target.secret, nonce) : "not yet");
    watch({ timing: { reportPendingAfterMs: 50, pingRetryMs: 10 } });
    Object.assign(provider, { firstPingTimeoutMs: 60_000 });
    watcher.supervisor.start();
    const { error } = await watcher.next("down");
    assert.equal(error?.message, `the public URL ${target.url} does not respond yet`);
    isResponding = true;
    await watcher.next("up");
    assert.deepEqual(watcher.states, ["connecting", "down", "up"]);
  });

  it("stays up after one missed ping", async () => {
    watch().supervisor.start();
    await watcher.next("up");
    const pinged = new Promise<void>((resolve) => {
      let pings = 0;
      target.pingWith = (nonce) => {
        if (++pings === 4) resolve();
        return pings === 2 ? "lost" : pingResponse(target.secret, nonce);
      };
    });
    await pinged;
    assert.deepEqual(watcher.states, ["connecting", "up"]);
  });

  it("is down after two missed pings, and opens another tunnel", async () => {
    watch().supervisor.start();
    await watcher.next("up");
    target.pingWith = () => "lost";
    const down = await watcher.next("down");
    assert.equal(down.error?.code, "tunnel_silent");
    assert.equal(down.url, `${target.url}/in/s3cret`);
    const reopening = await watcher.next("reopening");
    assert.equal(reopening.error, down.error);
    target.pingWith = undefined;
    await watcher.next("up");
    assert.ok(provider.opened.length >= 2);
  });

  it("pings when the tunnel reports a failure, and uses its message", async () => {
    watch({ timing: { pingIntervalMs: 3_600_000, pingRetryMs: 20, backoffMs: 20 } }).supervisor.start();
    await watcher.next("up");
    target.pingWith = () => "lost";
    provider.opened[0]?.fail(new TunnelError("tunnel_command_failed", "session expired"));
    const { error } = await watcher.next("down");
    assert.equal(error?.message, "session expired");
  });

  it("uses the first of several addresses that returns a ping", async () => {
    const other = await new Target("another").start();
    watch({ timing: { ...QUICK, pingRetryMs: 10 } });
    const opened = provider.open.bind(provider);
    const urls = [other.url];
    provider.open = async (options) => Object.assign(await opened(options), { url: other.url, urls });
    // The right one is printed later.
    setTimeout(() => urls.push(target.url), 50);
    watcher.supervisor.start();
    assert.equal((await watcher.next("up")).url, `${target.url}/in/s3cret`);
    await other.stop();
    assert.deepEqual(watcher.states, ["connecting", "up"]);
  });

  it("names the addresses if none of them works", async () => {
    watch();
    const opened = provider.open.bind(provider);
    const urls = ["http://a.localhost:1", "http://b.localhost:1"];
    provider.open = async (options) => Object.assign(await opened(options), { url: urls[0], urls });
    watcher.supervisor.start();
    const { error } = await watcher.next("down");
    assert.match(
      error?.message ?? "",
      /no URL that the tunnel program printed forwards requests to this machine: http:\/\/a.*, http:\/\/b/,
    );
  });

  it("ignores a reported failure if a ping succeeds", async () => {
    watch().supervisor.start();
    await watcher.next("up");
    const pinged = new Promise<void>((resolve) => {
      target.pingWith = (nonce) => {
        setImmediate(resolve);
        return pingResponse(target.secret, nonce);
      };
    });
    provider.opened[0]?.fail(new TunnelError("tunnel_unreachable", "connection refused"));
    await pinged;
    assert.deepEqual(watcher.states, ["connecting", "up"]);
  });

  it("reports consecutive failures once, and again only for another reason", async () => {
    watch();
    provider.failWith = new TunnelError("tunnel_unreachable", "refused");
    watcher.supervisor.start();
    await watcher.next("reopening");
    const many = provider.requested.length + 3;
    while (provider.requested.length < many) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(watcher.states, ["connecting", "down", "reopening"]);
    provider.failWith = new TunnelError("tunnel_refused", "500");
    assert.equal((await watcher.next("down")).error?.code, "tunnel_refused");
    provider.failWith = undefined;
    await watcher.next("up");
  });

  it("reports a provider that throws something other than an error", async () => {
    watch();
    provider.failWith = "not even an error" as unknown as TunnelError;
    watcher.supervisor.start();
    const { error } = await watcher.next("down");
    assert.equal(error?.message, "the tunnel failed: not even an error");
  });

  it("ignores errors of the listener", async () => {
    const { supervisor } = watch({});
    const { statuses } = watcher;
    Object.defineProperty(statuses, "push", {
      value: () => {
        throw new Error("an error of the listener");
      },
    });
    supervisor.start();
    assert.notEqual(await supervisor.ready(), null);
  });

  it("reports that it has another name, and changes to the requested one when it is free", async () => {
    watch({ subdomain: "wanted" });
    provider.nameTaken = true;
    watcher.supervisor.start();
    const other = await watcher.next("up");
    assert.equal(other.error?.code, "tunnel_name_taken");
    assert.match(other.url ?? "", /^http.*\/in\/s3cret$/);
    assert.equal(
      other.error?.message,
      "give Airudder this URL: the name wanted is taken; the proxy requests it again until it is free",
    );
    const again = () => provider.requested.filter(({ exactName }) => exactName).length;
    while (again() < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(watcher.states, ["connecting", "up"]);
    provider.nameTaken = false;
    const right = await watcher.next("up");
    assert.equal(right.error, undefined);
    assert.deepEqual(watcher.states, ["connecting", "up", "up"]);
    while (provider.closed === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it("closes a tunnel that is being opened", async () => {
    watch();
    watcher.supervisor.start();
    await watcher.supervisor.close();
    assert.equal(watcher.supervisor.status.state, "off");
    assert.equal(await watcher.supervisor.ready(), null);
    watcher.supervisor.start();
    assert.equal(watcher.supervisor.status.state, "off");
  });

  it("can be closed by its listener", async () => {
    const hour = { pingIntervalMs: 3_600_000 };
    provider = new FakeProvider(target.url);
    const up = new Promise<void>((resolve) => {
      const onState = ({ state }: TunnelStatus) => {
        if (state === "up") void supervisor.close().then(resolve);
      };
      const options = { provider, port: target.port, secret: target.secret, timing: hour };
      const supervisor = new TunnelSupervisor({ ...options, onState });
      supervisor.start();
    });
    await up;
  });

  it("does nothing without a tunnel", async () => {
    watch({ provider: noTunnel }).supervisor.start();
    assert.equal(await watcher.supervisor.ready(), null);
    assert.deepEqual(watcher.states, []);
  });

  it("waits at most the time limit for readiness", async () => {
    watch();
    const never = { ...noTunnel, kind: "command" as const, open: () => new Promise<Tunnel>(() => {}) };
    const { supervisor } = new Watcher({ provider: never, port: 1, secret: "x" });
    supervisor.start();
    assert.equal(await supervisor.ready(50), null);
  });
});

describe("the event of a tunnel", () => {
  it("has the state, the URL and the reason", () => {
    const error = new TunnelError("tunnel_silent", "no response");
    assert.deepEqual(tunnelEvent({ state: "down", url: null, error }), {
      event: "tunnel",
      state: "down",
      url: null,
      error: "no response",
    });
    assert.deepEqual(tunnelEvent({ state: "up", url: "http://a/in/b" }), {
      event: "tunnel",
      state: "up",
      url: "http://a/in/b",
    });
  });

  it("does not exist for the states connecting and off", () => {
    assert.equal(tunnelEvent({ state: "connecting", url: null }), undefined);
    assert.equal(tunnelEvent({ state: "off", url: null }), undefined);
  });
});
