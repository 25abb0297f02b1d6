import { localtunnel } from "../../../devproxy/src/tunnel/index.js";

// A tunnel program like any other: prints its public URL, and exits after some time.
const [, , host = "", subdomain = "", port = ""] = process.argv;
const tunnel = await localtunnel({ host }).open({ port: Number(port), subdomain });
console.log(`Forwarding ${tunnel.url} -> http://localhost:${port}`);
setTimeout(() => {
  console.error("session expired");
  process.exitCode = 1;
  void tunnel.close();
}, 3_000);
