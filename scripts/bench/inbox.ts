import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newCalls, TASKS } from "../load/pushes.js";
import { compareServers, type ServerUnderLoad } from "./compare-servers.js";
import { ratioRows } from "./middleware.js";
import type { BenchOptions } from "./options.js";
import { type Figures, figures, printFigures, printRows, type Row } from "./table.js";

const CONNECTIONS = 64;

/** Compares the file inbox, which writes each push to disk before the 200, with direct mode. */
export default async function benchInbox({
  short,
}: BenchOptions): Promise<{ rows: Row[]; servers: Record<string, Figures> }> {
  const folder = mkdtempSync(join(tmpdir(), "airudder-bench-"));
  const servers = {
    "direct, on Express 5": { server: "middleware on Express 5", traffic: newCalls },
    "file inbox, on Express 5": { server: "file inbox on Express 5", args: [join(folder, "a")], traffic: newCalls },
    "direct, on node:http": { server: "middleware on node:http", traffic: newCalls },
    "file inbox, on node:http": { server: "file inbox on node:http", args: [join(folder, "b")], traffic: newCalls },
  } satisfies Record<string, ServerUnderLoad>;
  console.log(
    `call.completed, ${CONNECTIONS} connections, ${TASKS} signed tasks in turn, each push for a new call; inboxes in ${tmpdir()}`,
  );
  try {
    const results = await compareServers(servers, {
      connections: CONNECTIONS,
      ...(short ? { rounds: 3, milliseconds: 150, warmUp: 300 } : { rounds: 21, milliseconds: 400, warmUp: 2500 }),
    });
    const rows = [
      ...ratioRows("on Express 5", results["file inbox, on Express 5"], results["direct, on Express 5"], 0.95),
      ...ratioRows("on node:http", results["file inbox, on node:http"], results["direct, on node:http"], 0.95),
    ];
    const figuresByServer = Object.fromEntries(
      Object.entries(results).map(([name, result]) => [name, figures(result)]),
    );
    printFigures(figuresByServer);
    printRows(rows);
    return { rows, servers: figuresByServer };
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
