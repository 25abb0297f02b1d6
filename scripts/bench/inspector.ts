import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { Child, compile } from "../child.js";
import { Client } from "../load/client.js";
import { newCalls } from "../load/pushes.js";
import { Listening, linesOf } from "./commands/command.js";
import type { BenchOptions } from "./options.js";
import { printRows, type Row, spread } from "./table.js";

const SERVER = "scripts/bench/proxy/server.ts";
const CONNECTIONS = 32;
const RATE = 500;

/** One `listen` under load. */
interface Side {
  listening: Listening;
  client: Client;
  perSecond: number[];
  cpuPerPush: number[];
}

/**
 * Compares two running `listen`: one whose inspector page is open in Chromium, and one without a page. Then sends 500 pushes per second, and
 * measures how long the page does not respond to input.
 */
export default async function benchInspector({ short }: BenchOptions): Promise<{ rows: Row[] }> {
  const executablePath = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) throw new Error("This benchmark needs Chromium: set CHROMIUM_PATH, or install it.");
  const folder = mkdtempSync(join(tmpdir(), "airudder-bench-"));
  const compiled = await compile(SERVER);
  const { child: app, ready: port } = await Child.start(compiled, ["app"]);
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-background-networking"] });
  const target = `http://127.0.0.1:${port}/webhooks/airudder`;
  const sides = {
    withPage: await startSide(join(folder, "1"), target),
    without: await startSide(join(folder, "2"), target),
  };
  try {
    const page = await browser.newPage();
    await page.goto(sides.withPage.listening.inspector);
    await page.waitForLoadState("networkidle", { timeout: 5_000 }).catch(() => undefined);
    const milliseconds = short ? 300 : 1_000;
    for (let round = 0; round <= (short ? 2 : 12); round++) {
      for (const side of round % 2 === 0 ? [sides.withPage, sides.without] : [sides.without, sides.withPage])
        await measure(side, milliseconds, round > 0);
    }
    const ratio = (value: (side: Side) => number[]) =>
      spread(value(sides.withPage).map((one, i) => one / (value(sides.without)[i] ?? Number.NaN)));
    const stallMs = await longestStall(page, join(folder, "1"), short ? 2 : 10);
    const rows: Row[] = [
      {
        what: "pushes per second with an open page, compared with none",
        value: ratio((side) => side.perSecond),
        unit: "x",
        goal: { min: 0.95 },
      },
      {
        what: "CPU time of listen per push, compared; less is better",
        value: ratio((side) => side.cpuPerPush),
        unit: "x",
        goal: { max: 1.05 },
      },
      {
        what: `longest time without a response of the page at ${RATE} pushes/s`,
        value: spread([stallMs]),
        unit: " ms",
        goal: { max: 500 },
      },
    ];
    printRows(rows);
    return { rows };
  } finally {
    await browser.close();
    for (const { client, listening } of Object.values(sides)) {
      client.close();
      await listening.stop();
    }
    await app.kill();
    compiled.remove();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function startSide(folder: string, target: string): Promise<Side> {
  const listening = await Listening.start(folder, target);
  const { port, pathname } = new URL(listening.url);
  return {
    listening,
    client: await Client.open(Number(port), CONNECTIONS, newCalls(4096, pathname)),
    perSecond: [],
    cpuPerPush: [],
  };
}

async function measure(
  { listening, client, perSecond, cpuPerPush }: Side,
  milliseconds: number,
  counts: boolean,
): Promise<void> {
  const before = await listening.cpuMicroseconds();
  const { requests, seconds } = await client.run(milliseconds);
  const after = await listening.cpuMicroseconds();
  if (!counts) return;
  perSecond.push(requests / seconds);
  cpuPerPush.push((after - before) / requests);
}

/** Sends a campaign at a fixed rate. Returns the longest time between two timers of the page, ms. */
async function longestStall(page: Page, journal: string, seconds: number): Promise<number> {
  await page.evaluate(() => {
    const state = { last: performance.now(), longest: 0 };
    (globalThis as { stall?: typeof state }).stall = state;
    setInterval(() => {
      const now = performance.now();
      state.longest = Math.max(state.longest, now - state.last);
      state.last = now;
    }, 10);
  });
  // A campaign has about nine pushes per contact.
  const contacts = String(Math.round((RATE * seconds) / 9));
  await linesOf([
    "trigger",
    "campaign",
    "--contacts",
    contacts,
    "--rate",
    String(RATE),
    "--json",
    "--journal",
    journal,
  ]);
  return page.evaluate(() => (globalThis as { stall?: { longest: number } }).stall?.longest ?? 0);
}
