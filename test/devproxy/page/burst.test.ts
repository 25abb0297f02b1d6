import assert from "node:assert/strict";
import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { send } from "../../helpers/devproxy.js";
import { SLOWER } from "../../helpers/slower.js";
import { browserTest, closeBrowser, openPage } from "./browser.js";
import { bodyOf, startInspector } from "./rig.js";

after(closeBrowser);

const SECONDS = 6;
const PER_SECOND = 250;

for (const view of ["#/", "#/plain"]) {
  browserTest(`${PER_SECOND} pushes per second for ${SECONDS} s do not freeze ${view}`, async (t) => {
    const inspector = await startInspector(t);
    await send(inspector.proxy.localUrl, bodyOf("call.completed"));
    const page = await openPage(t, `${inspector.url}${view.slice(1)}`);
    await page.locator("#list [role=row]").first().waitFor();
    await page.evaluate(() => {
      const gaps: number[] = [];
      let last = performance.now();
      setInterval(() => {
        const now = performance.now();
        gaps.push(now - last);
        last = now;
      }, 20);
      Object.assign(window, { gaps });
    });
    const start = performance.now();
    const sent: Promise<unknown>[] = [];
    let inFlight = 0;
    const total = SECONDS * PER_SECOND;
    while (sent.length < total) {
      const due = Math.min(total, Math.ceil(((performance.now() - start) / 1_000) * PER_SECOND));
      // A loaded machine cannot keep the rate: then it sends more slowly.
      for (; sent.length < due && inFlight < PER_SECOND; inFlight++)
        sent.push(send(inspector.proxy.localUrl, bodyOf("dialer.contact")).finally(() => inFlight--));
      await sleep(10);
    }
    await Promise.all(sent);
    const ms = Math.round(performance.now() - start);
    await page
      .getByText(`${(total + 1).toLocaleString("en")} pushes`, { exact: true })
      .first()
      .waitFor();
    const gaps = (await page.evaluate(() => (window as unknown as { gaps: number[] }).gaps)).sort((a, b) => b - a);
    const late = Math.round(performance.now() - start) - ms;
    t.diagnostic(
      `${total} pushes in ${ms} ms; shown ${late} ms later; longest time without a timer ${Math.round(gaps[0] ?? 0)} ms`,
    );
    assert.ok((gaps[0] ?? 0) < 1_000 * SLOWER, `no timer for ${gaps[0]} ms`);
    assert.ok(late < 4_000 * SLOWER, `shown ${late} ms later`);
    assert.ok((await page.locator("#list [role=row]").count()) < 100);
  });
}
