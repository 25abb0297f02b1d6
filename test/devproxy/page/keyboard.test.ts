import assert from "node:assert/strict";
import { after } from "node:test";
import type { Page } from "playwright-core";
import { until } from "../../helpers/devproxy.js";
import { becomes, browserTest, closeBrowser, openPage } from "./browser.js";
import { sendCampaign, startInspector } from "./rig.js";

after(closeBrowser);

const press = async (page: Page, ...keys: string[]) => {
  for (const key of keys) await page.keyboard.press(key);
};

const activeRow = (page: Page) => page.locator("#list").getAttribute("aria-activedescendant");
const focusedId = (page: Page) => page.evaluate(() => document.activeElement?.id);

browserTest("a push is found, opened, replayed, edited and selected with only the keyboard", async (t) => {
  const inspector = await startInspector(t);
  const sent = await sendCampaign(inspector, { contacts: 3, seed: 5 }, 20);
  const page = await openPage(t, inspector.url);
  await page.locator("[id='list'] [role=row]").first().waitFor();
  await press(page, "Tab", "Enter"); // skip to the list
  await becomes(() => focusedId(page), "list");
  await page.evaluate(() => {
    location.hash = "#/plain";
  });
  await page.locator(`#push-${sent}`).waitFor();
  await press(page, "j", "j", "k", "j");
  await becomes(() => activeRow(page), `push-${sent - 1}`);
  await press(page, "x");
  await page.getByText("1 selected", { exact: true }).waitFor();
  await press(page, "x", "Enter");
  await page.getByRole("heading", { name: `#${sent - 1} ` }).waitFor();
  await becomes(() => focusedId(page), "detail-title");
  await press(page, "r");
  await until(() => inspector.app.requests.length === sent + 1);
  await page.getByText("Replayed 1 push").waitFor();
  await press(page, "j");
  await page.getByRole("heading", { name: `#${sent - 2} ` }).waitFor();
  await press(page, "e");
  await page.getByText("The body matches the schema").waitFor();
  await becomes(() => page.evaluate(() => document.activeElement?.tagName), "TEXTAREA");
  await press(page, "j", "Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
  await press(page, "Escape");
  await page.locator(".detail").waitFor({ state: "detached" });
  await becomes(() => focusedId(page), "list");
  await press(page, "/");
  await page.keyboard.type("callid");
  await page.getByText(/^\d+ of \d+ pushes$/).waitFor();
  await press(page, "Escape");
  await becomes(() => focusedId(page), "list");
});

browserTest("groups of the stories open and close with keys", async (t) => {
  const inspector = await startInspector(t);
  await sendCampaign(inspector, { contacts: 3, seed: 5 }, 20);
  const page = await openPage(t, inspector.url);
  const rows = page.locator("#list [role=row]");
  await rows.first().waitFor();
  await page.locator("#list").focus();
  await press(page, "ArrowDown");
  const isOpen = () => rows.first().getAttribute("aria-expanded");
  await becomes(isOpen, "true");
  const open = await rows.count();
  await press(page, "ArrowLeft");
  await becomes(() => rows.count(), 1);
  await becomes(isOpen, "false");
  await press(page, "Enter");
  await becomes(() => rows.count(), open);
});

browserTest("single-key shortcuts can be turned off, and the choice is kept", async (t) => {
  const inspector = await startInspector(t);
  const sent = await sendCampaign(inspector, { contacts: 2, seed: 5 }, 6);
  const page = await openPage(t, inspector.url);
  await page.getByRole("link", { name: "List", exact: true }).click();
  await page.locator(`#push-${sent}`).waitFor();
  await press(page, "?");
  await page.getByRole("heading", { name: "Keyboard" }).waitFor();
  await page.getByLabel("Single-key shortcuts").uncheck();
  await press(page, "Escape");
  await page.reload();
  await page.locator(`#push-${sent}`).waitFor();
  await press(page, "j", "?", "r");
  assert.equal(await activeRow(page), null);
  assert.equal(await page.locator("dialog").count(), 0);
  await page.locator("#list").focus();
  await press(page, "ArrowDown");
  await becomes(() => activeRow(page), `push-${sent}`);
  assert.equal(inspector.app.requests.length, sent);
});

browserTest("keys typed right after a view switch search, and do not act on the previous view", async (t) => {
  const inspector = await startInspector(t);
  const sent = await sendCampaign(inspector, { contacts: 2, seed: 5 }, 6);
  const page = await openPage(t, `${inspector.url}/overview`);
  await page.getByRole("heading", { name: "Results of calls" }).waitFor();
  await page.keyboard.type("/rex");
  assert.equal(await page.getByLabel("Search the bodies of all pushes").inputValue(), "rex");
  await page.getByText(`0 of ${sent} pushes`).waitFor();
  assert.equal(await page.locator("dialog").count(), 0);
  assert.equal(inspector.app.requests.length, sent);

  await page.getByRole("button", { name: "Clear filters" }).click();
  await page.getByRole("link", { name: "List", exact: true }).click();
  await page.locator(`#push-${sent}`).waitFor();
  await press(page, "j", "Enter");
  await page.getByRole("heading", { name: `#${sent} ` }).waitFor();
});
