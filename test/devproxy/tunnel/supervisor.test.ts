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

/** A provider whose tunnels are the target's own address, so that each failure is ours to choose. */
class FakeProvider implements TunnelProvider {
  readonly kind = "command";
  readonly openLimitMs = 1_000;
  readonly settleLimitMs = 200;
  readonly opened: (Tunnel & { fail(error: TunnelError): void })[] = [];
  readonly asked: OpenOptions[] = [];
  closed = 0;
  failWith: TunnelError | undefined;
  nameTaken = false;
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async open(options: OpenOptions): Promise<Tunnel> {
    this.asked.push(options);
    if (this.failWith) throw this.failWith;
    if (this.nameTaken && options.exactName) throw new TunnelError("tunnel_name_taken", "taken");
    let listener: ((error: TunnelError) => void) | undefined;
    const tunnel = {
      url: this.#url,
      ...(this.nameTaken && options.subdomain !== undefined && { missedName: options.subdomain }),
      close: async () => {
        this.closed++;
      },
      onFail: (given: (error: TunnelError) => void) => {
        listener = given;
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

  it("is up, with the whole public URL, after a ping has come back", async () => {
    watch().supervisor.start();
    assert.equal(await watcher.supervisor.ready(), `${target.url}/in/s3cret`);
    assert.deepEqual(watcher.states, ["connecting", "up"]);
    assert.ok((watcher.supervisor.pingMs ?? 0) > 0);
  });

  it("is not up when only somebody else answers", async () => {
    target.pingWith = (nonce) => pingResponse("other", nonce);
    watch().supervisor.start();
    assert.equal(await watcher.supervisor.ready(), null);
    const { error } = await watcher.next("down");
    assert.equal(error?.code, "tunnel_silent");
  });

  it("waits for a fresh tunnel to settle", async () => {
    let pings = 0;
    target.pingWith = (nonce) => (++pings < 3 ? "not yet" : pingResponse(target.secret, nonce));
    watch().supervisor.start();
    await watcher.next("up");
    assert.deepEqual(watcher.states, ["connecting", "up"]);
  });

  it("says in time that a first opening takes long, and goes on", async () => {
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

  it("says in time that the URL of a first tunnel does not answer, and goes on", async () => {
    let answers = false;
    target.pingWith = (nonce) => (answers ? pingResponse(target.secret, nonce) : "not yet");
    watch({ timing: { reportPendingAfterMs: 50, confirmAfterMs: 10 } });
    Object.assign(provider, { settleLimitMs: 60_000 });
    watcher.supervisor.start();
    const { error } = await watcher.next("down");
    assert.equal(error?.message, `the public URL ${target.url} does not respond yet`);
    answers = true;
    await watcher.next("up");
    assert.deepEqual(watcher.states, ["connecting", "down", "up"]);
  });

  it("forgives one missed ping", async () => {
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

  it("pings at once on a hint, and lets the tunnel's own words explain", async () => {
    watch({ timing: { pingEveryMs: 3_600_000, confirmAfterMs: 20, backoffMs: 20 } }).supervisor.start();
    await watcher.next("up");
    target.pingWith = () => "lost";
    provider.opened[0]?.fail(new TunnelError("tunnel_command_failed", "session expired"));
    const { error } = await watcher.next("down");
    assert.equal(error?.message, "session expired");
  });

  it("uses the first of several addresses that returns a ping", async () => {
    const elsewhere = await new Target("another").start();
    watch({ timing: { ...QUICK, confirmAfterMs: 10 } });
    const opened = provider.open.bind(provider);
    const urls = [elsewhere.url];
    provider.open = async (options) => Object.assign(await opened(options), { url: elsewhere.url, urls });
    // The right one is printed later.
    setTimeout(() => urls.push(target.url), 50);
    watcher.supervisor.start();
    assert.equal((await watcher.next("up")).url, `${target.url}/in/s3cret`);
    await elsewhere.stop();
    assert.deepEqual(watcher.states, ["connecting", "up"]);
  });

  it("names the addresses when none of them works", async () => {
    watch();
    const opened = provider.open.bind(provider);
    const urls = ["http://a.localhost:1", "http://b.localhost:1"];
    provider.open = async (options) => Object.assign(await opened(options), { url: urls[0], urls });
    watcher.supervisor.start();
    const { error } = await watcher.next("down");
    assert.match(
      error?.message ?? "",
      /no address that the tunnel program printed forwards requests to this machine: http:\/\/a.*, http:\/\/b/,
    );
  });

  it("does not believe a hint that a ping disproves", async () => {
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

  it("says once why it is down, and again only for another reason", async () => {
    watch();
    provider.failWith = new TunnelError("tunnel_unreachable", "refused");
    watcher.supervisor.start();
    await watcher.next("reopening");
    const many = provider.asked.length + 3;
    while (provider.asked.length < many) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(watcher.states, ["connecting", "down", "reopening"]);
    provider.failWith = new TunnelError("tunnel_refused", "500");
    assert.equal((await watcher.next("down")).error?.code, "tunnel_refused");
    provider.failWith = undefined;
    await watcher.next("up");
  });

  it("survives a provider that throws what it should not", async () => {
    watch();
    provider.failWith = "not even an error" as unknown as TunnelError;
    watcher.supervisor.start();
    const { error } = await watcher.next("down");
    assert.equal(error?.message, "the tunnel failed: not even an error");
  });

  it("survives a listener that throws", async () => {
    const { supervisor } = watch({});
    const { said } = watcher;
    Object.defineProperty(said, "push", {
      value: () => {
        throw new Error("the listener's trouble");
      },
    });
    supervisor.start();
    assert.notEqual(await supervisor.ready(), null);
  });

  it("says loudly that another name was given, and hands over when the right one is free", async () => {
    watch({ subdomain: "wanted" });
    provider.nameTaken = true;
    watcher.supervisor.start();
    const other = await watcher.next("up");
    assert.equal(other.error?.code, "tunnel_name_taken");
    assert.match(other.url ?? "", /^http.*\/in\/s3cret$/);
    assert.equal(
      other.error?.message,
      "give Airudder this URL: the name wanted is taken, and requested again until it is free",
    );
    const again = () => provider.asked.filter(({ exactName }) => exactName).length;
    while (again() < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(watcher.states, ["connecting", "up"]);
    provider.nameTaken = false;
    const right = await watcher.next("up");
    assert.equal(right.error, undefined);
    assert.deepEqual(watcher.states, ["connecting", "up", "up"]);
    while (provider.closed === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it("closes a tunnel that was being opened", async () => {
    watch();
    watcher.supervisor.start();
    await watcher.supervisor.close();
    assert.equal(watcher.supervisor.status.state, "off");
    assert.equal(await watcher.supervisor.ready(), null);
    watcher.supervisor.start();
    assert.equal(watcher.supervisor.status.state, "off");
  });

  it("can be closed by its listener", async () => {
    const hour = { pingEveryMs: 3_600_000 };
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

  it("does not make anybody wait for longer than the limit", async () => {
    watch();
    const never = { ...noTunnel, kind: "command" as const, open: () => new Promise<Tunnel>(() => {}) };
    const { supervisor } = new Watcher({ provider: never, port: 1, secret: "x" });
    supervisor.start();
    assert.equal(await supervisor.ready(50), null);
  });
});

describe("a tunnel's line in --json", () => {
  it("has the state, the URL and the reason", () => {
    const error = new TunnelError("tunnel_silent", "no answer");
    assert.deepEqual(tunnelEvent({ state: "down", url: null, error }), {
      event: "tunnel",
      state: "down",
      url: null,
      error: "no answer",
    });
    assert.deepEqual(tunnelEvent({ state: "up", url: "http://a/in/b" }), {
      event: "tunnel",
      state: "up",
      url: "http://a/in/b",
    });
  });

  it("is left out for states that are nobody's business", () => {
    assert.equal(tunnelEvent({ state: "connecting", url: null }), undefined);
    assert.equal(tunnelEvent({ state: "off", url: null }), undefined);
  });
});
