import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, type TestContext } from "node:test";
import { describePush, newPushId } from "airudder-webhooks/inspect";
import { openJournal } from "airudder-webhooks/journal";
import { campaignPushes } from "../../../devproxy/src/campaign/index.js";
import { makeFolder } from "../../helpers/folder.js";
import { browserTest, closeBrowser, fastest, longestTasks, openPage, screenshot } from "./browser.js";
import { startInspector } from "./rig.js";

after(closeBrowser);

const PUSHES = 50_000;
/** How long the page waits for the next key before it searches. */
const KEY_DELAY_MS = 200;

/** A journal of accepted pushes, the last one of which contains a text of its own. */
async function largeJournal(t: TestContext, pushes: number): Promise<string> {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  const start = Date.now() - 3_600_000;
  let seq = 0;
  let written: Promise<unknown>[] = [];
  for (const { type, body, atMs } of campaignPushes({ contacts: Math.ceil(pushes / 8), seed: 3 })) {
    if (seq++ === pushes) break;
    const content = seq === 10 ? Buffer.from(body.toString().replace(/^\{/, '{"needle":"in a haystack",')) : body;
    const { task, call, workflow, subject, verified } = describePush(content, {}, { type });
    const at = new Date(start + (atMs % 3_600_000)).toISOString();
    const id = newPushId();
    const head = { id, at, method: "POST", url: "/", type, verified, source: "local", size: content.length };
    const sha256 = createHash("sha256").update(content).digest("hex");
    const ids = JSON.parse(JSON.stringify({ task, call, workflow, subject }));
    written.push(journal.append({ kind: "push", ...head, sha256, ...ids }, { headers: {}, body: content }));
    const delivery = { push: id, at, target: "http://127.0.0.1:3000/", status: 200, ms: 4, cause: "live" as const };
    written.push(journal.append({ kind: "delivery", ...delivery }, { headers: {}, body: Buffer.from("{}") }));
    if (written.length >= 2_000) {
      await Promise.all(written);
      written = [];
    }
  }
  await Promise.all(written);
  await journal.close();
  return dir;
}

browserTest(`${PUSHES} pushes: first rows, scrolling, search and memory`, async (t) => {
  const journal = await largeJournal(t, PUSHES);
  const inspector = await startInspector(t, { journal });
  const first = await openPage(t, inspector.url); // the server and the browser are warm
  await first.locator("#list [role=row]").nth(3).waitFor();
  const origin = new URL(inspector.url).origin;

  for (const view of ["#/plain", "#/"]) {
    const ms = await fastest(2_000, async () => {
      const tab = await first.context().newPage();
      const start = performance.now();
      await tab.goto(`${origin}/${view}`);
      await tab.locator("#list [role=row]").nth(3).waitFor();
      const opened = performance.now() - start;
      await tab.close();
      return opened;
    });
    t.diagnostic(`first rows of ${view}: ${Math.round(ms)} ms`);
    assert.ok(ms < 2_000, `${view}: ${ms} ms`);
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
    const ms = await fastest(500, () => search(text));
    assert.ok(ms <= 500, `search: ${ms} ms`);
  }
});
