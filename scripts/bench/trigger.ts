import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child, compile } from "../child.js";
import { Listening, linesOf } from "./commands/command.js";
import type { BenchOptions } from "./options.js";
import { printRows, type Row, spread } from "./table.js";

const SERVER = "scripts/bench/proxy/server.ts";

/**
 * Sends campaigns through a running `listen` to an app, each in its own process: `trigger campaign` generates the pushes, `listen` records
 * each on disk and delivers it. Then counts the pushes in the journal.
 */
export default async function benchTrigger({ short }: BenchOptions): Promise<{ rows: Row[] }> {
  // A campaign has about nine pushes per contact.
  const contacts = short ? 60 : 1_150;
  const folder = mkdtempSync(join(tmpdir(), "airudder-bench-"));
  const compiled = await compile(SERVER);
  const { child: app, ready: port } = await Child.start(compiled, ["app"]);
  const listening = await Listening.start(folder, `http://127.0.0.1:${port}/webhooks/airudder`);
  try {
    const rates: number[] = [];
    let sent = 0;
    for (let seed = 1; seed <= (short ? 1 : 5); seed++) {
      const args = ["trigger", "campaign", "--contacts", String(contacts), "--seed", String(seed), "--json"];
      const summary = (await linesOf([...args, "--journal", folder])).at(-1) as { succeeded: number; ms: number };
      sent += summary.succeeded;
      rates.push((summary.succeeded * 1_000) / summary.ms);
    }
    const rows = await linesOf(["list", "--json", "--status", "accepted", "--journal", folder]);
    const result: Row[] = [
      {
        what: `pushes of a campaign of ${contacts} contacts, recorded and delivered, per second`,
        value: spread(rates),
        unit: "/s",
        goal: { min: 500 },
      },
      {
        what: `of ${sent} pushes, missing from the journal or not delivered`,
        value: spread([sent - rows.length]),
        unit: "",
        goal: { max: 0 },
      },
    ];
    printRows(result);
    return { rows: result };
  } finally {
    await listening.stop();
    await app.kill();
    compiled.remove();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
