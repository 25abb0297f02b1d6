import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { commandTunnel, type TunnelError } from "../../../devproxy/src/tunnel/index.js";
import { isTunnelError } from "./tunnel-error.js";

const PROGRAM = `"${process.execPath}" "${fileURLToPath(new URL("./program.fixture.js", import.meta.url))}"`;
const PUBLIC = "https://demo.example.com";

/** What is removed from the last line, the line, and the quoted line. */
const LAST_LINES: [what: string, line: string, quoted: string][] = [
  [
    "the user name and password of a URL",
    "dial https://user:s3cret@tunnel.example.com/connect failed",
    "dial https://tunnel.example.com failed",
  ],
  [
    "the path and query of a URL",
    "GET https://tunnel.example.com:8443/in/s3cret?token=s3cret&x=1 failed",
    "GET https://tunnel.example.com:8443 failed",
  ],
  ["a token", "authtoken: s3cret was rejected", "authtoken: <hidden> was rejected"],
  [
    "a token in a query",
    "cannot open tunnel.example.com?token=s3cret",
    "cannot open tunnel.example.com?token=<hidden>",
  ],
  ["a password", "password=s3cret is wrong", "password=<hidden> is wrong"],
  ["a bearer", "Authorization: Bearer s3cret rejected", "Authorization: <hidden> rejected"],
  ["an e-mail address", "no account of jane.doe@example.com", "no account of <hidden>"],
  ["a phone number", "call +62 811-000-0001 for help", "call <hidden> for help"],
];

function open(args: string, options: { timeoutMs?: number; signal?: AbortSignal } = {}) {
  return commandTunnel(`${PROGRAM} ${args}`).open({ port: 4000, timeoutMs: 20_000, ...options });
}

describe("a tunnel of a command", () => {
  for (const stream of ["out", "err"]) {
    it(`has the address that the program prints on std${stream}`, async () => {
      const tunnel = await open(`${stream} "Terms: https://www.example.com/terms|at ${PUBLIC}"`);
      assert.equal(tunnel.url, PUBLIC);
      await tunnel.close();
    });
  }

  for (const [what, text] of [
    ["without a line end", PUBLIC],
    ["in a hyperlink that BEL ends, without a line end", `ESC]8;;${PUBLIC}BELopenESC]8;;BEL`],
  ]) {
    it(`has an address ${what}`, async () => {
      const tunnel = await open(`raw "${text}"`);
      assert.equal(tunnel.url, PUBLIC);
      await tunnel.close();
    });
  }

  it("reports every candidate address, https first", async () => {
    const tunnel = await open('out "http://a.example.com|https://github.com|https://b.example.com"');
    while ((tunnel.urls?.length ?? 0) < 3) await new Promise((resolve) => setTimeout(resolve, 20));
    await tunnel.close();
    assert.deepEqual(tunnel.urls, ["https://github.com", "https://b.example.com", "http://a.example.com"]);
  });

  it("passes the local address to the program", async () => {
    const tunnel = await open('out "http://{port}.localhost|{local}"');
    assert.equal(tunnel.url, "http://4000.localhost");
    await tunnel.close();
  });

  it("prefers https to http", async () => {
    const tunnel = await open(`out "http://demo.example.com|${PUBLIC}"`);
    assert.equal(tunnel.url, PUBLIC);
    await tunnel.close();
  });

  it("has a message for a program that has printed no URL yet", () => {
    assert.equal(
      commandTunnel("slow {port}").pendingMessage,
      'the tunnel command "slow {port}" has printed no public URL yet',
    );
  });

  it("reports when the program ends later", async () => {
    const tunnel = await open(`brief "${PUBLIC}|session expired"`);
    const failure = await new Promise<TunnelError>((resolve) => tunnel.onFail?.(resolve));
    isTunnelError("tunnel_command_failed", /exit code 0, its last line: session expired/)(failure);
    await tunnel.close();
  });

  it("ends the program, and what it started, when it is closed", async () => {
    const tunnel = await open("out http://pidPID.localhost");
    const pid = Number(new URL(tunnel.url).hostname.match(/\d+/)?.[0]);
    process.kill(pid, 0);
    tunnel.onFail?.(() => assert.fail("closing is not a failure"));
    await tunnel.close();
    await tunnel.close();
    while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it("fails with the output of the program if it ends", async () => {
    await assert.rejects(
      open('end "no such account"'),
      isTunnelError("tunnel_command_failed", /exit code 3.*no such account/),
    );
  });

  for (const [what, line, quoted] of LAST_LINES) {
    it(`quotes the last line of the program without ${what}`, async () => {
      const failure = await open(`end "${line}"`).then(
        () => assert.fail("the program has ended"),
        ({ message }: TunnelError) => /exit code 3, its last line: (.*)\); is the program installed/.exec(message)?.[1],
      );
      assert.equal(failure, quoted);
    });
  }

  it("does not quote a secret of its command line", async () => {
    await assert.rejects(
      open('end "no such account" --authtoken s3cret'),
      isTunnelError("tunnel_command_failed", /--authtoken <hidden>[^s]* ended/),
    );
  });

  it("fails if there is no such program", async () => {
    const opening = commandTunnel("airudder-no-such-program {local}").open({ port: 4000 });
    await assert.rejects(opening, isTunnelError("tunnel_command_failed", /is the program installed/));
  });

  it("fails if no URL is printed in time", async () => {
    const opening = open('out "see https://example.com/manual"', { timeoutMs: 1_500 });
    await assert.rejects(opening, isTunnelError("tunnel_timeout", /printed no public URL within 1\.5 s/));
  });

  it("is cancelled by its signal", async () => {
    const cancel = new AbortController();
    const opening = open("out waiting", { signal: cancel.signal });
    setTimeout(() => cancel.abort(), 100);
    await assert.rejects(opening, isTunnelError("tunnel_closed", /cancelled/));
    await assert.rejects(open("out waiting", { signal: cancel.signal }), isTunnelError("tunnel_closed", /cancelled/));
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
