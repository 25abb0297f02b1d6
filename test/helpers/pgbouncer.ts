import { spawn, spawnSync } from "node:child_process";
import { chownSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import pg from "pg";
import { atEnd } from "./at-end.js";
import { freePort } from "./free-port.js";
import { postgresUser } from "./postgres.js";
import { ServerProcess } from "./server-process.js";
import { serviceTest } from "./service.js";

const isInstalled = spawnSync("pgbouncer", ["--version"], { stdio: "ignore" }).status === 0;

/** A test that needs PgBouncer and Postgres. */
export function pgbouncerTest(name: string, run: (t: TestContext) => Promise<void>): void {
  serviceTest(isInstalled ? undefined : "no PgBouncer: install the package pgbouncer", name, run);
}

/** Starts PgBouncer in transaction mode in front of a server, and returns its URL. It opens fewer connections than the test uses. */
export async function startPgbouncer(t: TestContext, target: number): Promise<string> {
  const bouncer = new ServerProcess("pgbouncer");
  atEnd(t, async () => {
    await bouncer.end("SIGINT");
    bouncer.remove();
  });
  const port = await freePort();
  const config = join(bouncer.folder, "pgbouncer.ini");
  writeFileSync(join(bouncer.folder, "users.txt"), '"test" ""\n');
  writeFileSync(
    config,
    `[databases]
* = host=127.0.0.1 port=${target}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${join(bouncer.folder, "users.txt")}
pool_mode = transaction
default_pool_size = 4
`,
  );
  if (postgresUser.uid !== undefined) chownSync(bouncer.folder, postgresUser.uid, postgresUser.gid);
  const url = `postgres://test@127.0.0.1:${port}/postgres`;
  await bouncer.started(spawn("pgbouncer", [config], { ...postgresUser, stdio: "ignore" }), async () => {
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => undefined);
    await client.connect();
    await client.end();
  });
  return url;
}
