import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { buildPage, PAGE_FILES } from "../../../scripts/build/page.js";
import { atEnd } from "../../helpers/at-end.js";
import { serviceTest } from "../../helpers/service.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const PAGE_SOURCE = join(root, "devproxy/src/page");
const PAGE_BUILT = join(root, "devproxy/dist/page");
const COVERAGE = join(root, "devproxy/coverage");

const USUAL_PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** The program of a Chromium: `CHROMIUM_PATH`, or one of the usual places. */
const executablePath = (process.env.CHROMIUM_PATH === undefined ? USUAL_PLACES : [process.env.CHROMIUM_PATH]).find(
  (path) => existsSync(path),
);

const missing = executablePath === undefined ? "no Chromium: set CHROMIUM_PATH, or install it" : undefined;

/** Folder of the screenshots: `PAGE_SCREENSHOTS`, or a new temporary folder. */
const screenshots = process.env.PAGE_SCREENSHOTS ?? join(tmpdir(), "airudder-page-screenshots");

/** How long a test waits for the page. A loaded machine may need seconds to start the browser. */
const LIMIT_MS = 30_000;

let browser: Promise<Browser> | undefined;

/** A test that needs a browser. */
export function browserTest(name: string, run: (t: TestContext) => Promise<void>): void {
  serviceTest(missing, name, run);
}

/** The Chromium of this file's tests. */
function launch(): Promise<Browser> {
  browser ??= chromium.launch({
    executablePath: executablePath as string,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      // The tests need no network but loopback.
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--disable-quic",
      "--no-first-run",
      "--enable-precise-memory-info",
      "--js-flags=--expose-gc",
    ],
  });
  return browser;
}

/** Closes the browser of this file. Call it in `after`. */
export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
}

/** Builds the page into `dist/`, from where the inspector serves it. */
export async function buildPageForTests(): Promise<void> {
  // On the disk of dist/, so that files can be renamed into it.
  mkdirSync(COVERAGE, { recursive: true });
  const built = mkdtempSync(join(COVERAGE, "page-"));
  await buildPage(PAGE_SOURCE, built);
  mkdirSync(PAGE_BUILT, { recursive: true });
  for (const file of PAGE_FILES) {
    if (hasContentOf(join(PAGE_BUILT, file), join(built, file))) continue;
    // Another test file may read the old file at the same time.
    renameSync(join(built, file), join(PAGE_BUILT, file));
  }
  rmSync(built, { recursive: true });
}

function hasContentOf(file: string, other: string): boolean {
  return existsSync(file) && readFileSync(file).equals(readFileSync(other));
}

export interface PageOptions {
  width?: number;
  height?: number;
  colorScheme?: "light" | "dark";
}

/** Opens a URL in a new profile. Errors of the page, and violations of its content security policy, fail the test. */
export async function openPage(
  t: TestContext,
  url: string,
  { width = 1280, height = 800, colorScheme = "light" }: PageOptions = {},
): Promise<Page> {
  const context = await (await launch()).newContext({
    viewport: { width, height },
    colorScheme,
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(String(error.stack ?? error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      problems.push(message.text());
  });
  atEnd(t, async () => {
    await context.close();
    if (problems.length > 0) throw new Error(`The page reported: ${problems.join("\n")}`);
  });
  page.setDefaultTimeout(LIMIT_MS);
  await page.goto(url);
  return page;
}

/** Polls until the page has a value. */
export async function becomes<T>(read: () => Promise<T>, expected: T): Promise<void> {
  const end = Date.now() + LIMIT_MS;
  let value = await read();
  while (value !== expected && Date.now() < end) {
    await sleep(20);
    value = await read();
  }
  assert.equal(value, expected);
}

/**
 * Measures how fast something is, on a machine that may be busy: measures again, at most five times, if it takes longer than the limit.
 * @returns the last time, ms
 */
export async function fastest(limitMs: number, measure: () => Promise<number>): Promise<number> {
  let ms = await measure();
  for (let attempt = 1; attempt < 5 && ms > limitMs; attempt++) ms = await measure();
  return ms;
}

/** Writes a screenshot, to be looked at. */
export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(screenshots, { recursive: true });
  await page.screenshot({ path: join(screenshots, `${name}.png`) });
}

interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  /** Duration, µs. */
  dur?: number;
  /** Time on a processor, µs. */
  tdur?: number;
  args?: { name?: string };
}

/** The longest tasks of the page's main thread during an action, ms. */
export interface LongestTasks {
  /** Time on a processor. Other processes of a busy machine do not count. */
  cpuMs: number;
  wallMs: number;
}

/** Measures the tasks of the page's main thread during an action. */
export async function longestTasks(page: Page, action: () => Promise<unknown>): Promise<LongestTasks> {
  const program = await launch();
  await program.startTracing(page, { categories: ["disabled-by-default-devtools.timeline"] });
  await action();
  const { traceEvents } = JSON.parse((await program.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const threadOf = ({ pid, tid }: TraceEvent) => `${pid}:${tid}`;
  const main = new Set(
    traceEvents.filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain").map(threadOf),
  );
  const tasks = traceEvents.filter((event) => event.name === "RunTask" && main.has(threadOf(event)));
  if (tasks.length === 0) throw new Error("The trace contains no task.");
  const max = (values: number[]) => Math.round(values.reduce((a, b) => Math.max(a, b), 0) / 1_000);
  return { cpuMs: max(tasks.map(({ tdur = 0 }) => tdur)), wallMs: max(tasks.map(({ dur = 0 }) => dur)) };
}
