import assert from "node:assert/strict";
import { after } from "node:test";
import { send, until } from "../../helpers/devproxy.js";
import { browserTest, closeBrowser, openPage, screenshot } from "./browser.js";
import { bodyOf, sendCampaign, startInspector } from "./rig.js";

after(closeBrowser);

browserTest("all pushes that match a filter are replayed, with progress, until stopped", async (t) => {
  const inspector = await startInspector(t);
  const sent = await sendCampaign(inspector, { contacts: 12, seed: 4 });
  const contacts = inspector.events.filter((event) => event.event === "push" && event.type === "dialer.contact").length;
  inspector.app.reply = (_, response) => {
    setTimeout(() => response.writeHead(200, { "content-type": "application/json" }).end("{}"), 80);
  };
  const page = await openPage(t, inspector.url);
  await page.getByLabel("Type", { exact: true }).selectOption("dialer.contact");
  await page.getByRole("button", { name: `Replay all ${contacts} that match dialer.contact` }).click();
  const panel = page.getByLabel("Replay", { exact: true });
  await panel.getByText(new RegExp(`^[1-9]\\d* of ${contacts}$`)).waitFor();
  await screenshot(page, "replay-progress");
  assert.ok(Number(await panel.locator("progress").getAttribute("value")) > 0);
  await panel.getByRole("button", { name: "Stop" }).click();
  await panel.getByText(`of ${contacts} pushes replayed`).waitFor();
  const replayed = inspector.app.requests.length - sent;
  assert.ok(replayed > 0 && replayed < contacts, `${replayed} of ${contacts}`);
  await page.waitForTimeout(300);
  assert.equal(inspector.app.requests.length - sent, replayed);
  await screenshot(page, "replay-stopped");
});

browserTest("Stop ends a replay also if its DELETE does not reach the inspector", async (t) => {
  const inspector = await startInspector(t);
  const sent = await sendCampaign(inspector, { contacts: 12, seed: 4 });
  inspector.app.reply = (_, response) => {
    setTimeout(() => response.writeHead(200, { "content-type": "application/json" }).end("{}"), 80);
  };
  const page = await openPage(t, inspector.url);
  await page.route("**/replays/*", (route) =>
    route.request().method() === "DELETE" ? route.abort() : route.continue(),
  );
  await page.getByLabel("Type", { exact: true }).selectOption("dialer.contact");
  await page.getByRole("button", { name: /^Replay all/ }).click();
  const panel = page.getByLabel("Replay", { exact: true });
  await panel.getByText(/^[1-9]\d* of \d+$/).waitFor();
  await panel.getByRole("button", { name: "Stop" }).click();
  await panel.getByText(/^Stopped: \d+ of \d+ pushes replayed/).waitFor();
  await page.waitForTimeout(200);
  const replayed = inspector.app.requests.length - sent;
  await page.waitForTimeout(400);
  assert.equal(inspector.app.requests.length - sent, replayed);
});

browserTest("several pushes are selected with Shift and replayed", async (t) => {
  const inspector = await startInspector(t);
  for (let n = 0; n < 8; n++) await send(inspector.proxy.localUrl, bodyOf("dialer.task"));
  const page = await openPage(t, inspector.url);
  await page.getByRole("link", { name: "List", exact: true }).click();
  await page.getByLabel("Select #6", { exact: true }).click();
  await page.getByLabel("Select #3", { exact: true }).click({ modifiers: ["Shift"] });
  await page.getByText("4 selected", { exact: true }).waitFor();
  assert.ok((await page.getByText(/copy \d of 8/).count()) > 0);
  await screenshot(page, "selected");
  await page.getByRole("button", { name: "Replay 4 selected pushes" }).click();
  await until(() => inspector.app.requests.length === 12);
  await page.getByText("Replayed 4 pushes").waitFor();
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  assert.equal(await page.getByText("4 selected", { exact: true }).count(), 0);
});
