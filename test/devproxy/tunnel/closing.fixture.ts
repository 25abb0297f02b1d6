import { localtunnel, TunnelSupervisor } from "../../../devproxy/src/tunnel/index.js";
import { Target } from "./target.js";

// Opens a tunnel and closes it. The process then ends only if nothing keeps it alive.
const [, , host = "", subdomain = ""] = process.argv;
const target = await new Target().start();
const { port, secret } = target;
const supervisor = new TunnelSupervisor({ provider: localtunnel({ host }), port, secret, subdomain });
supervisor.start();
const url = await supervisor.ready();
await supervisor.close();
await target.stop();
console.log(url);
