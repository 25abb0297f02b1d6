import assert from "node:assert/strict";
import { after } from "node:test";
import { campaignJournal } from "../../helpers/campaign-journal.js";
import { SLOWER } from "../../helpers/slower.js";
import { browserTest, closeBrowser, fastest, longestTasks, openPage, screenshot } from "./browser.js";
import { startInspector } from "./rig.js";

after(closeBrowser);

const PUSHES = 50_000;
/** How long the page waits for the next key before it searches. */
const KEY_DELAY_MS = 200;

browserTest(`${PUSHES} pushes: first rows, scrolling, search and memory`, async (t) => {
  const needle = (body: Buffer) => Buffer.from(body.toString().replace(/^\{/, '{"needle":"in a haystack",'));
  const journal = await campaignJournal(t, {
    contacts: Math.ceil(PUSHES / 8),
    seed: 3,
    max: PUSHES,
    change: (body, seq) => (seq === 10 ? needle(body) : body),
  });
  const inspector = await startInspector(t, { journal });
  const first = await openPage(t, inspector.url); // the server and the browser are warm
  await first.locator("#list [role=row]").nth(3).waitFor();
  const origin = new URL(inspector.url).origin;

  for (const view of ["#/plain", "#/"]) {
    const ms = await fastest(2_000 * SLOWER, async () => {
      const tab = await first.context().newPage();
      const start = performance.now();
      await tab.goto(`${origin}/${view}`);
      await tab.locator("#list [role=row]").nth(3).waitFor();
      const opened = performance.now() - start;
      await tab.close();
      return opened;
    });
    t.diagnostic(`first rows of ${view}: ${Math.round(ms)} ms`);
    assert.ok(ms < 2_000 * SLOWER, `${view}: ${ms} ms`);
  }

  const page = first;
  await page.evaluate(() => {
    location.hash = "#/plain";
  });
  await page.locator(`#push-${PUSHES}`).waitFor();
  const heap = () =>
    page.evaluate(() => {
      (globalThis as unknown as { gc?(): void }).gc?.();
      return (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize;
    });
  const before = await heap();
  const { cpuMs, wallMs } = await longestTasks(page, async () => {
    // As a reader does: steps of the wheel, then far jumps.
    await page.evaluate(async () => {
      const list = document.getElementById("list") as HTMLElement;
      for (let step = 0; step < 300; step++) {
        list.scrollTop += 700;
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
      for (const share of [0.3, 0.9, 0.5, 1]) {
        list.scrollTop = share * list.scrollHeight;
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    });
    await page.locator("#push-1").waitFor();
  });
  await screenshot(page, "large-end");
  const growth = (await heap()) - before;
  t.diagnostic(`heap: ${(before / 1e6).toFixed(1)} MB, then ${(growth / 1e6).toFixed(1)} MB more`);
  t.diagnostic(`longest task while scrolling: ${cpuMs} ms on a processor, ${wallMs} ms in all`);
  assert.ok(cpuMs <= 100, `a task took ${cpuMs} ms`);
  assert.ok(growth < 20_000_000, `the heap grew by ${growth} bytes`);
  assert.ok((await page.locator("#list [role=row]").count()) < 100);

  const search = async (text: string) => {
    const field = page.getByLabel("Search the bodies of all pushes");
    await field.fill("");
    await page.getByText("50,000 pushes", { exact: true }).waitFor();
    const start = performance.now();
    const response = page.waitForResponse((one) => one.url().includes("text="));
    await field.fill(text);
    await response;
    await page.getByText(/ of 50,000 pushes$/).waitFor();
    const ms = Math.round(performance.now() - start);
    t.diagnostic(`search for "${text}": ${ms} ms, of which ${KEY_DELAY_MS} ms wait for the next key`);
    return ms - KEY_DELAY_MS;
  };
  for (const text of ["in a haystack", "callid"]) {
    const ms = await fastest(500 * SLOWER, () => search(text));
    assert.ok(ms <= 500 * SLOWER, `search: ${ms} ms`);
  }
});
