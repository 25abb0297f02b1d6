import assert from "node:assert/strict";
import { after } from "node:test";
import { samplePush } from "airudder-webhooks/testing";
import type { Page } from "playwright-core";
import { send } from "../../helpers/devproxy.js";
import { SLOWER } from "../../helpers/slower.js";
import { browserTest, closeBrowser, fastest, openPage, screenshot } from "./browser.js";
import { bodyOf, startInspector } from "./rig.js";

after(closeBrowser);

const row = (page: Page, seq: number) => page.locator(`[id="push-${seq}"], [id="row-p:${seq}"]`);

browserTest("a push appears within 1 s without a reload, in both lists", async (t) => {
  const inspector = await startInspector(t);
  await send(inspector.proxy.localUrl, bodyOf("workflow.status"));
  for (const view of ["stories", "plain"]) {
    const page = await openPage(t, inspector.url);
    if (view === "plain") await page.getByRole("link", { name: "List", exact: true }).click();
    await row(page, 1).waitFor();
    const ms = await fastest(1_000 * SLOWER, async () => {
      const seq = inspector.events.filter(({ event }) => event === "push").length + 1;
      const start = performance.now();
      // Copies of a push would be one row.
      await send(inspector.proxy.localUrl, JSON.stringify(samplePush("call.completed")));
      await row(page, seq).waitFor();
      return performance.now() - start;
    });
    t.diagnostic(`${view}: ${Math.round(ms)} ms`);
    assert.ok(ms < 1_000 * SLOWER, `${view}: ${ms} ms`);
  }
});

/** Makes the page hidden or visible, as the browser does when the user selects another tab. */
function setHidden(page: Page, isHidden: boolean): Promise<void> {
  return page.evaluate((hidden) => {
    Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
    document.dispatchEvent(new Event("visibilitychange"));
  }, isHidden);
}

browserTest("hidden pages hold no connection, and show what they missed when they are visible again", async (t) => {
  const inspector = await startInspector(t);
  await send(inspector.proxy.localUrl, bodyOf("workflow.status"));
  const first = await openPage(t, inspector.url);
  await row(first, 1).waitFor();
  await setHidden(first, true);
  // With their event streams, 6 more pages would use up the connections of the browser.
  const origin = new URL(inspector.url).origin;
  for (let n = 0; n < 7; n++) {
    const tab = await first.context().newPage();
    await tab.goto(origin);
    await tab.locator("[id='push-1'], [id='row-p:1']").waitFor();
    await setHidden(tab, true);
  }
  await send(inspector.proxy.localUrl, bodyOf("call.completed"));
  await first.waitForTimeout(300);
  assert.equal(await row(first, 2).count(), 0);
  assert.equal(await first.getByText("The inspector does not respond").count(), 0);
  await setHidden(first, false);
  await row(first, 2).waitFor();
});

browserTest("the token leaves the address bar, and a deep link works in a new tab", async (t) => {
  const inspector = await startInspector(t);
  await send(inspector.proxy.localUrl, bodyOf("call.completed"));
  const page = await openPage(t, inspector.url);
  await row(page, 1).waitFor();
  const origin = new URL(inspector.url).origin;
  assert.equal(page.url(), `${origin}/#/`);
  const tab = await page.context().newPage();
  await tab.goto(`${origin}/#/pushes/1`);
  await tab.getByRole("heading", { name: "#1 call.completed" }).waitFor();
  const stored = await tab.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  assert.deepEqual(Object.keys(JSON.parse(stored)), ["airudder-token"]);
});

browserTest("without a token or with a wrong one, the page says how to open it", async (t) => {
  const inspector = await startInspector(t);
  const origin = new URL(inspector.url).origin;
  const page = await openPage(t, origin);
  await page.getByText("Open the inspector URL").waitFor();
  await page.goto(`${origin}/#token=wrong`);
  await page.getByText("The token is no longer valid").waitFor();
  await page.goto(inspector.url);
  await page.getByText("No push yet").waitFor();
});

browserTest("a link with a wrong token does not replace the stored token", async (t) => {
  const inspector = await startInspector(t);
  await send(inspector.proxy.localUrl, bodyOf("call.completed"));
  const page = await openPage(t, inspector.url);
  await row(page, 1).waitFor();
  const { origin, hash } = new URL(inspector.url);
  for (const reloads of [false, true]) {
    await page.goto(`${origin}/${reloads ? "?again" : ""}#token=wrong`);
    await page.getByText("The token of this URL was not accepted").waitFor();
    await row(page, 1).waitFor();
    assert.equal(await page.evaluate(() => localStorage.getItem("airudder-token")), hash.slice("#token=".length));
    assert.equal(new URL(page.url()).hash, "#/");
  }
});

browserTest("the page reconnects after a restart of the inspector, and shows the missed pushes", async (t) => {
  const inspector = await startInspector(t);
  await send(inspector.proxy.localUrl, bodyOf("call.completed"));
  const page = await openPage(t, inspector.url);
  await row(page, 1).waitFor();
  await inspector.proxy.close();
  await page.getByText("The inspector does not respond").waitFor();
  await screenshot(page, "lost");
  const port = Number(new URL(inspector.url).port);
  const again = await startInspector(t, { journal: inspector.dir, inspect: port });
  assert.equal(again.url, inspector.url);
  await send(again.proxy.localUrl, bodyOf("workflow.status"));
  await row(page, 2).waitFor();
  await page.getByText("The inspector does not respond").waitFor({ state: "detached" });
});

browserTest("new pushes are announced to a screen reader", async (t) => {
  const inspector = await startInspector(t);
  const page = await openPage(t, inspector.url);
  await page.getByText("No push yet").waitFor();
  for (let n = 0; n < 3; n++) await send(inspector.proxy.localUrl, bodyOf("workflow.status"));
  await page.locator("[aria-live=polite]", { hasText: "3 new pushes" }).waitFor({ state: "attached" });
});
