import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newCalls } from "../load/pushes.js";
import { duel, type Side } from "./compare-servers.js";
import { compare } from "./middleware.js";
import type { BenchOptions } from "./options.js";
import { type Figures, figures, printFigures, printRows, type Row } from "./table.js";

const CONNECTIONS = 64;

/** The file inbox (on disk before every 200, handled and marked done behind it) against direct mode. */
export default async function benchInbox({
  short,
}: BenchOptions): Promise<{ rows: Row[]; sides: Record<string, Figures> }> {
  const folder = mkdtempSync(join(tmpdir(), "airudder-bench-"));
  const sides = {
    "direct, on Express 5": { server: "middleware on Express 5", traffic: newCalls },
    "file inbox, on Express 5": { server: "file inbox on Express 5", args: [join(folder, "a")], traffic: newCalls },
    "direct, on node:http": { server: "middleware on node:http", traffic: newCalls },
    "file inbox, on node:http": { server: "file inbox on node:http", args: [join(folder, "b")], traffic: newCalls },
  } satisfies Record<string, Side>;
  console.log(
    `call.completed, ${CONNECTIONS} connections, 4,096 signed tasks, each push of a new call; inboxes in ${tmpdir()}`,
  );
  try {
    const scores = await duel(sides, {
      connections: CONNECTIONS,
      ...(short ? { rounds: 3, milliseconds: 150, warmUp: 300 } : { rounds: 21, milliseconds: 400, warmUp: 2500 }),
    });
    const rows = [
      ...compare("on Express 5", scores["file inbox, on Express 5"], scores["direct, on Express 5"], 0.8),
      ...compare("on node:http", scores["file inbox, on node:http"], scores["direct, on node:http"]),
    ];
    const known = Object.fromEntries(Object.entries(scores).map(([name, score]) => [name, figures(score)]));
    printFigures(known);
    printRows(rows);
    return { rows, sides: known };
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
