import { execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import pg from "pg";
import { atEnd } from "./at-end.js";
import { freePort } from "./free-port.js";
import { ServerProcess } from "./server-process.js";
import { serviceTest } from "./service.js";

/** Folder of Debian's packages: one folder per major version. */
const DEBIAN = "/usr/lib/postgresql";

/** Folder of the programs `initdb` and `postgres`: `POSTGRES_BIN`, or the newest of Debian's packages. */
const bin = process.env.POSTGRES_BIN ?? newestOf(DEBIAN);

function newestOf(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  const [newest] = readdirSync(folder).sort((a, b) => Number(b) - Number(a));
  return newest === undefined ? undefined : join(folder, newest, "bin");
}

const missing =
  bin !== undefined && existsSync(join(bin, "postgres"))
    ? undefined
    : "no Postgres: install the package postgresql, or set POSTGRES_BIN";

/** A test that needs Postgres. */
export function postgresTest(name: string, run: (t: TestContext) => Promise<void>): void {
  serviceTest(missing, name, run);
}

/** The user that runs the server: Postgres refuses to run as root. */
export const postgresUser = process.getuid?.() === 0 ? { uid: idOf("-u"), gid: idOf("-g") } : {};

function idOf(flag: "-u" | "-g"): number {
  return missing === undefined ? Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" })) : 0;
}

/** A Postgres server of its own, on a free port, with its data in a temporary folder. Its settings are the durable defaults. */
export class PostgresServer {
  readonly #process = new ServerProcess("postgres");

  private constructor(
    readonly port: number,
    private readonly settings: Record<string, string>,
  ) {}

  /** Creates and starts a server. @param settings of `postgresql.conf` */
  static async start(settings: Record<string, string> = {}): Promise<PostgresServer> {
    const server = new PostgresServer(await freePort(), settings);
    server.#initialise();
    await server.start();
    return server;
  }

  #initialise(): void {
    const data = join(this.#process.folder, "data");
    mkdirSync(data);
    if (postgresUser.uid !== undefined)
      for (const path of [this.#process.folder, data]) chownSync(path, postgresUser.uid, postgresUser.gid);
    const args = ["-D", data, "-U", "test", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"];
    execFileSync(join(bin as string, "initdb"), args, {
      ...postgresUser,
      cwd: this.#process.folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const lines = Object.entries({
      listen_addresses: "127.0.0.1",
      unix_socket_directories: this.#process.folder,
      ...this.settings,
    }).map(([name, value]) => `${name} = '${value}'\n`);
    writeFileSync(join(data, "postgresql.conf"), lines.join(""), { flag: "a" });
  }

  /** For `pg.Pool`. */
  get url(): string {
    return `postgres://test@127.0.0.1:${this.port}/postgres`;
  }

  /** Starts the server again after `stop` or `kill`, on the same port with the same data. Resolves when it accepts connections. */
  async start(): Promise<void> {
    const args = ["-D", join(this.#process.folder, "data"), "-p", String(this.port)];
    const server = spawn(join(bin as string, "postgres"), args, {
      ...postgresUser,
      cwd: this.#process.folder,
      stdio: "ignore",
    });
    await this.#process.started(server, async () => {
      const client = new pg.Client({ connectionString: this.url });
      client.on("error", () => undefined);
      await client.connect();
      await client.end();
    });
  }

  /** Ends all sessions and shuts the server down cleanly. */
  async stop(): Promise<void> {
    await this.#process.end("SIGINT");
  }

  /** Stops the server immediately, as a crash does: the next start recovers from its log. */
  async kill(): Promise<void> {
    await this.#process.end("SIGQUIT");
  }

  /** The server's main process, for SIGSTOP and SIGCONT. */
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
export async function startPostgres(t: TestContext, settings?: Record<string, string>): Promise<PostgresServer> {
  const server = await PostgresServer.start(settings);
  atEnd(t, () => server.remove());
  return server;
}

/** A pool of connections, closed after the test. Errors of idle connections are ignored: tests end servers. */
export function makePool(t: TestContext, config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool(config);
  pool.on("error", () => undefined);
  atEnd(t, () => pool.end());
  return pool;
}
