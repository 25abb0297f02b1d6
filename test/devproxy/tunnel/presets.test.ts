import assert from "node:assert/strict";
import { devNull } from "node:os";
import { type TestContext, test } from "node:test";
import { localtunnel, parseTunnel } from "../../../devproxy/src/tunnel/index.js";
import { atEnd } from "../../helpers/at-end.js";
import { FakePrograms } from "./fake-program.js";
import { Target } from "./target.js";
import { isTunnelError } from "./tunnel-error.js";
import { Watcher } from "./watcher.js";

const open = (option: string, timeoutMs = 20_000) => parseTunnel(option).open({ port: 4000, timeoutMs });

const PRINTED = {
  cloudflared: `
console.error("2026-11-21T10:00:00Z ERR Configuration file ${devNull.replaceAll("\\", "/")} was empty");
console.error("2026-11-21T10:00:00Z INF Thank you for trying Cloudflare Tunnel. See (https://developers.cloudflare.com/) and https://www.cloudflare.com/website-terms/");
console.error("2026-11-21T10:00:00Z INF Requesting new quick Tunnel on trycloudflare.com...");
console.error("2026-11-21T10:00:01Z INF |  https://green-quiet-fox-walks.trycloudflare.com                        |");
stay();`,
  ngrok: `
print('t=2026-11-21T10:00:00+0000 lvl=info msg="starting web service" obj=web addr=127.0.0.1:4040 allow_hosts=[]');
print('t=2026-11-21T10:00:00+0000 lvl=info msg="update available" url=https://ngrok.com');
print('t=2026-11-21T10:00:01+0000 lvl=info msg="started tunnel" obj=tunnels name=command_line addr=http://127.0.0.1:4000 url=https://ab12-34.ngrok-free.app');
stay();`,
  "localhost.run": `
print("Welcome to localhost.run!\\r\\n\\r\\nFollow your favourite reverse tunnel at https://twitter.com/localhost_run.");
print("To set up and manage custom domains go to https://admin.localhost.run/\\r\\n\\r\\n===\\r");
print("6f8a1234.lhr.life tunneled with tls termination, https://6f8a1234.lhr.life\\r");
stay();`,
  "serveo.net": `
print("To request a particular subdomain, you first need to register your SSH public key.");
print("https://console.serveo.net/ssh/keys?add=SHA256%3Aabc or https://serveo.net/");
print("Forwarding HTTP traffic from https://3bf8-60-91.serveousercontent.com");
stay();`,
};

const PRESETS: [option: string, program: string, printed: keyof typeof PRINTED, url: string, args: RegExp][] = [
  [
    "cloudflared",
    "cloudflared",
    "cloudflared",
    "https://green-quiet-fox-walks.trycloudflare.com",
    /^tunnel --no-autoupdate --config \S+ --url http:\/\/127\.0\.0\.1:4000$/,
  ],
  [
    "ngrok",
    "ngrok",
    "ngrok",
    "https://ab12-34.ngrok-free.app",
    /^http 127\.0\.0\.1:4000 --log=stdout --log-format=logfmt --log-level=info$/,
  ],
  [
    "ssh:localhost.run",
    "ssh",
    "localhost.run",
    "https://6f8a1234.lhr.life",
    /^-o ExitOnForwardFailure=yes .* -T -R 80:127\.0\.0\.1:4000 -- nokey@localhost\.run$/,
  ],
  ["ssh:me@localhost.run", "ssh", "localhost.run", "https://6f8a1234.lhr.life", / -- me@localhost\.run$/],
  ["ssh:serveo.net", "ssh", "serveo.net", "https://3bf8-60-91.serveousercontent.com", / -- serveo\.net$/],
];

for (const [option, program, printed, url, args] of PRESETS) {
  test(`--tunnel ${option} runs ${program} and uses the address that it prints, and no other`, async (t) => {
    const fakes = new FakePrograms(t).add(program, PRINTED[printed]);
    const tunnel = await open(option);
    assert.deepEqual(tunnel.urls, [url]);
    assert.match(fakes.argsOf(program).join(" "), args);
    await tunnel.close();
  });
}

test("an error of cloudflared that contains the URL of its API is not used as an address", async (t) => {
  const error = `failed to request quick Tunnel: Post "https://api.trycloudflare.com/tunnel": dial tcp: no such host`;
  new FakePrograms(t).add("cloudflared", `console.error(${JSON.stringify(error)}); process.exitCode = 1;`);
  await assert.rejects(
    open("cloudflared"),
    isTunnelError("tunnel_command_failed", /^cloudflared ended \(exit code 1.*no such host/),
  );
});

for (const [option, program, line, advice] of [
  ["ngrok", "ngrok", "ERROR:  ERR_NGROK_4018", /ngrok config add-authtoken TOKEN/],
  ["ssh:me@example.com", "ssh", "me@example.com: Permission denied (publickey).", /ssh-add/],
  ["ssh:me@example.com", "ssh", "Error: remote port forwarding failed for listen port 80", /ssh:me@example\.com:8080/],
  ["ssh:me@example.com:99", "ssh", "Error: remote port forwarding failed for listen port 99", /port 99 .* is in use/],
  ["ssh:example.com", "ssh", "Host key verification failed.", /ssh-keygen -R example\.com/],
  ["cloudflared", "cloudflared", "unknown trouble", /run it by hand: cloudflared tunnel --no-autoupdate/],
] as const) {
  test(`if ${option} prints "${line}", the error contains advice`, async (t) => {
    new FakePrograms(t).add(program, `console.error(${JSON.stringify(line)}); process.exitCode = 255;`);
    await assert.rejects(open(option), isTunnelError("tunnel_command_failed", advice));
  });
}

for (const [option, install] of [
  ["cloudflared", /brew install cloudflared \(macOS\), winget .*\(Windows\), .*\(Linux\)/],
  ["ngrok", /brew install ngrok \(macOS\).*\(Windows\).*\(Linux\).*add-authtoken/],
  ["ssh:localhost.run", /\(macOS\), .*\(Linux\), .*\(Windows\)/],
] as const) {
  test(`if the program of ${option} is not installed, the error says how to install it`, async (t) => {
    new FakePrograms(t, { only: true });
    await assert.rejects(open(option), isTunnelError("tunnel_program_missing", install));
  });
}

for (const host of [
  "",
  "-oProxyCommand=touch",
  "-v",
  "me@-oProxyCommand=x",
  "-me@example.com",
  "a b",
  "example.com;id",
  "$(id)",
  "example.com:0",
  "example.com:70000",
  "example.com:22:33",
  "me@you@example.com",
  "example.com\nx",
]) {
  test(`ssh:${JSON.stringify(host)} is rejected, and nothing is started`, () =>
    assert.throws(() => parseTunnel(`ssh:${host}`), isTunnelError("tunnel_option", /--tunnel ssh: needs a host/)));
}

/** A fake ssh that relays requests to the local port until it ends. */
const SSH = `
const http = require("node:http");
const port = args[args.indexOf("-R") + 1].split(":").at(-1);
const relay = http.createServer((request, response) => {
  const { url: path, method, headers } = request;
  const onward = http.request({ port, host: "127.0.0.1", path, method, headers }, (reply) => {
    response.writeHead(reply.statusCode, reply.headers);
    reply.pipe(response);
  });
  request.pipe(onward);
});
relay.listen(0, "127.0.0.1", () => {
  print("Terms: http://terms.localhost:1/");
  print("HTTP: http://demo.localhost:" + relay.address().port);
});`;

async function watch(t: TestContext, option: string): Promise<Watcher> {
  const target = await new Target().start();
  const watcher = new Watcher({ provider: parseTunnel(option), port: target.port, secret: target.secret });
  atEnd(t, async () => {
    await watcher.supervisor.close();
    await target.stop();
  });
  watcher.supervisor.start();
  return watcher;
}

test("any ssh server: the address that returns a ping is used", async (t) => {
  new FakePrograms(t).add("ssh", `${SSH}\nstay();`);
  const watcher = await watch(t, "ssh:me@example.com");
  assert.match((await watcher.next("up")).url ?? "", /^http:\/\/demo\.localhost:\d+\/in\/s3cret$/);
});

test("with a port, the address of the ssh server is used without any output", async (t) => {
  const fakes = new FakePrograms(t).add("ssh", "stay();");
  const tunnel = await open("ssh:me@example.com:8080");
  assert.equal(tunnel.url, "http://example.com:8080");
  assert.match(fakes.argsOf("ssh").join(" "), / -N -R :8080:127\.0\.0\.1:4000 -- me@example\.com$/);
  await tunnel.close();
});

test("a program that ends is started again", async (t) => {
  new FakePrograms(t).add(
    "ssh",
    `${SSH}\nsetTimeout(() => { console.error("connection reset"); process.exit(255); }, 3000);`,
  );
  const watcher = await watch(t, "ssh:me@example.com");
  await watcher.next("up");
  assert.match(
    (await watcher.next("down")).error?.message ?? "",
    /^ssh ended \(exit code 255, its last line: connection reset/,
  );
  await watcher.next("up");
});

test("a missing program is reported, and used once it is installed", async (t) => {
  const fakes = new FakePrograms(t, { only: true });
  const watcher = await watch(t, "ssh:me@example.com");
  assert.equal((await watcher.next("down")).error?.code, "tunnel_program_missing");
  fakes.add("ssh", `${SSH}\nstay();`);
  await watcher.next("up");
});

test("if a localtunnel server cannot be reached, the error names the other tunnels of this machine", async (t) => {
  const fakes = new FakePrograms(t, { only: true });
  const opening = () => localtunnel({ host: "http://127.0.0.1:1" }).open({ port: 4000 });
  await assert.rejects(
    opening(),
    isTunnelError("tunnel_unreachable", /install cloudflared for --tunnel cloudflared, or continue with --tunnel none/),
  );
  fakes.add("ngrok", "").add("ssh", "");
  await assert.rejects(
    opening(),
    isTunnelError(
      "tunnel_unreachable",
      /use another tunnel: --tunnel ngrok or --tunnel ssh:localhost\.run \(found on this machine\)/,
    ),
  );
});
