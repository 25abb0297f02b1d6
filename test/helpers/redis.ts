import { spawn, spawnSync } from "node:child_process";
import { connect } from "node:net";
import type { TestContext } from "node:test";
import { atEnd } from "./at-end.js";
import { freePort } from "./free-port.js";
import { ServerProcess } from "./server-process.js";
import { serviceTest } from "./service.js";

const program = process.env.REDIS_SERVER ?? "redis-server";
const missing =
  spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0
    ? undefined
    : "no Redis: install the package redis-server, or set REDIS_SERVER";

/** A test that needs Redis. */
export function redisTest(name: string, run: (t: TestContext) => Promise<void>): void {
  serviceTest(missing, name, run);
}

/** Every write is on disk before its response, and nothing is evicted. */
const DURABLE = { appendonly: "yes", appendfsync: "always", "maxmemory-policy": "noeviction", save: "" };

/** A Redis server of its own, on a free port, with its data in a temporary folder. Its settings are durable, unless changed. */
export class RedisServer {
  readonly #process = new ServerProcess("redis");
  readonly host = "127.0.0.1";

  private constructor(
    readonly port: number,
    private readonly settings: Record<string, string>,
  ) {}

  /** Creates and starts a server. @param settings of `redis.conf` */
  static async start(settings: Record<string, string> = {}): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), { ...DURABLE, ...settings });
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://${this.host}:${this.port}`;
  }

  /** Starts the server again after `stop` or `kill`, on the same port with the same data. Resolves when it accepts commands. */
  async start(): Promise<void> {
    const settings = { bind: this.host, port: String(this.port), dir: this.#process.folder, ...this.settings };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    const server = spawn(program, args, { stdio: "ignore" });
    await this.#process.started(server, () => this.#ping());
  }

  #ping(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, this.host, () => socket.write("PING\r\n"));
      socket.once("data", (data) => {
        socket.destroy();
        if (data.toString().startsWith("+PONG")) resolve();
        else reject(new Error(`The Redis server responded with ${data} to PING.`));
      });
      socket.once("error", reject);
    });
  }

  /** Shuts the server down cleanly. */
  async stop(): Promise<void> {
    await this.#process.end("SIGTERM");
  }

  /** Stops the server immediately. */
  async kill(): Promise<void> {
    await this.#process.end("SIGKILL");
  }

  /** The server's process, for SIGSTOP and SIGCONT. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Stops the server and removes its data. */
  async remove(): Promise<void> {
    await this.kill();
    this.#process.remove();
  }
}

/** A new server, removed after the test. */
export async function startRedis(t: TestContext, settings?: Record<string, string>): Promise<RedisServer> {
  const server = await RedisServer.start(settings);
  atEnd(t, () => server.remove());
  return server;
}
