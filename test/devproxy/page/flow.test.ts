import assert from "node:assert/strict";
import { after } from "node:test";
import type { Page } from "playwright-core";
import { send, until } from "../../helpers/devproxy.js";
import { browserTest, closeBrowser, openPage, screenshot } from "./browser.js";
import { bodyOf, failFor, sendCampaign, startInspector } from "./rig.js";

after(closeBrowser);

const row = (page: Page, seq: number) => page.locator(`[id="push-${seq}"], [id="row-p:${seq}"]`);

browserTest("a failed push is found, opened, explained, revealed, replayed and compared", async (t) => {
  const inspector = await startInspector(t);
  const app = failFor(inspector, '"Details"');
  await send(inspector.proxy.localUrl, bodyOf("workflow.status"));
  await send(inspector.proxy.localUrl, bodyOf("call.completed"));
  const page = await openPage(t, inspector.url);
  await row(page, 2).getByText("TypeError").waitFor();
  await page.getByRole("link", { name: "List", exact: true }).click();
  await page.getByLabel("Status", { exact: true }).selectOption("failed");
  await page.getByText("1 of 2 pushes").waitFor();
  await row(page, 2).click();
  await page.getByRole("heading", { name: "#2 call.completed" }).waitFor();
  await page.getByLabel("Problems").getByText("TypeError").waitFor();
  await page.getByText("The receiver reported: failed").waitFor();
  await page.getByText("Identifies the outbound task").waitFor();
  await screenshot(page, "failed-push");

  const { CalleeName } = JSON.parse(bodyOf("call.completed")).Details[0];
  assert.equal(await page.getByText(CalleeName).count(), 0);
  await page.getByRole("button", { name: "Reveal CalleeName" }).click();
  await page.getByText(`"${CalleeName}"`).waitFor();
  await screenshot(page, "revealed");
  const stored = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  assert.equal(stored.includes(CalleeName), false);
  await page.reload();
  await page.getByRole("heading", { name: "#2 call.completed" }).waitFor();
  assert.equal(await page.getByText(CalleeName).count(), 0);

  app.fix();
  await page.getByRole("button", { name: "Replay", exact: true }).click();
  await page.getByLabel("Replay", { exact: true }).getByText("1 fixed").waitFor();
  await page.getByRole("heading", { name: "Deliveries (2)" }).waitFor();
  await page.getByRole("link", { name: "Compare", exact: true }).click();
  await page.getByRole("heading", { name: "Compare two deliveries" }).waitFor();
  await page.locator(".diff tbody tr").first().waitFor();
  const cells = await page.locator(".diff tbody tr").allTextContents();
  assert.ok(
    cells.some((text) => /HTTP status.*500.*200/.test(text)),
    cells.join("\n"),
  );
  await screenshot(page, "diff-deliveries");
});

browserTest("an edited push is checked while typing, signed again and replayed", async (t) => {
  const inspector = await startInspector(t);
  await send(inspector.proxy.localUrl, bodyOf("call.completed"));
  const page = await openPage(t, `${inspector.url}/pushes/1`);
  await page.getByRole("button", { name: "Edit and replay" }).click();
  const editor = page.getByRole("textbox", { name: "Body" });
  await page.getByText("The body matches the schema").waitFor();
  const text = await editor.inputValue();
  const recorded = JSON.parse(bodyOf("call.completed"));
  assert.equal(text.includes(recorded.Details[0].CalleeName), false);
  const send_ = page.getByRole("button", { name: /^Replay/ }).last();

  await editor.fill(text.replace(/"CallTimes": \d+/, '"CallTimes": "three"'));
  await page.getByText("/Details/0/CallTimes: wrong type, expected integer").waitFor();
  await page.getByRole("button", { name: "Line 21" }).click();
  await page.locator(".gutter mark", { hasText: "21" }).waitFor();
  await screenshot(page, "editor-wrong-type");
  assert.equal(inspector.app.requests.length, 1);

  await editor.fill(`${text.slice(0, -1)},`);
  await page.getByText("Not JSON").waitFor();
  assert.equal(await send_.isDisabled(), true);

  const taskId = JSON.parse(text).TaskID as string;
  await editor.fill(text.replace(`"TaskID": "${taskId}"`, '"TaskID": "0123456789abcdef0123456789abcdef"'));
  await page.getByText("Checking").waitFor({ state: "detached" });
  await send_.click();
  await until(() => inspector.app.requests.length === 2);
  const sent = JSON.parse(inspector.app.requests[1]?.body.toString() ?? "");
  assert.equal(sent.TaskID, "0123456789abcdef0123456789abcdef");
  assert.notEqual(sent.Sign, recorded.Sign);
  assert.deepEqual(sent.Details, recorded.Details);
  await page.getByText("edited", { exact: true }).first().waitFor();
  const panel = page.getByLabel("Replay", { exact: true });
  await panel.getByText(/^1 edited: /).waitFor();
  await panel.getByText("The recorded push keeps its status").waitFor();
  await screenshot(page, "edited-replay");

  await page.getByRole("button", { name: "Edit and replay" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Reveal the body" }).click();
  await page.waitForFunction(
    (name) => document.querySelector("textarea")?.value.includes(name),
    recorded.Details[0].CalleeName,
  );
});

browserTest("two pushes are selected and compared", async (t) => {
  const inspector = await startInspector(t);
  await sendCampaign(inspector, { contacts: 3, seed: 2 }, 12);
  const page = await openPage(t, inspector.url);
  await page.getByRole("link", { name: "List", exact: true }).click();
  await page.getByLabel("Select #3", { exact: true }).check();
  await page.getByLabel("Select #5", { exact: true }).check();
  await page.getByRole("link", { name: "Compare", exact: true }).click();
  await page.getByRole("heading", { name: "Compare two pushes" }).waitFor();
  await page.locator(".diff tbody tr").first().waitFor();
  await screenshot(page, "diff-pushes");
});

browserTest("a text is searched in all bodies, the curl command is copied, and the push is pinned", async (t) => {
  const inspector = await startInspector(t);
  await send(inspector.proxy.localUrl, '{"word":"needle in a haystack"}');
  await sendCampaign(inspector, { contacts: 2, seed: 2 });
  const page = await openPage(t, inspector.url);
  await page.getByLabel("Search the bodies of all pushes").fill("needle in");
  await page.getByText(/^1 of \d+ pushes/).waitFor();
  await row(page, 1).click();
  const more = page.locator(".actions .menu summary");
  await more.click();
  await page.getByRole("button", { name: "Copy as cURL" }).click();
  await page.getByText("The command was copied").waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /curl/);
  await more.click();
  await page.getByRole("button", { name: "Pin…" }).click();
  await page.getByLabel("Name").fill("needle");
  await page.getByRole("button", { name: "Pin", exact: true }).click();
  await page.getByText("trigger @needle").waitFor();
  await more.click();
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export as HAR" }).click();
  assert.equal((await download).suggestedFilename(), "push-1.har");
});

browserTest("a URL that changes before the page is first painted is followed", async (t) => {
  const inspector = await startInspector(t);
  await send(inspector.proxy.localUrl, bodyOf("workflow.status"));
  const page = await openPage(t, inspector.url);
  await row(page, 1).waitFor();
  await page.addInitScript(() =>
    addEventListener("DOMContentLoaded", () => {
      location.hash = "#/pushes/1";
    }),
  );
  await page.reload();
  await page.getByRole("heading", { name: "#1 workflow.status" }).waitFor();
});
