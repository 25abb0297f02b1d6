import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after } from "node:test";
import type { Page } from "playwright-core";
import { send } from "../../helpers/devproxy.js";
import { browserTest, closeBrowser, openPage, screenshot } from "./browser.js";
import { bodyOf, failFor, type Inspector, sendCampaign, startInspector } from "./rig.js";

after(closeBrowser);

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string; failureSummary: string }[];
}

/** Serious and critical violations that axe-core finds. */
async function violations(page: Page): Promise<string[]> {
  // Evaluated by the debugger, which the content security policy does not restrict.
  await page.evaluate(axeSource);
  const found = (await page.evaluate("axe.run().then((result) => result.violations)")) as Violation[];
  return found
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`).join("\n")}`,
    );
}

/** What is wrong with the layout: the page scrolls sideways, text is smaller than 12 px, or a control is outside of the window. */
function layoutProblems(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const problems: string[] = [];
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) problems.push(`the page is ${scrollWidth} px wide in ${clientWidth} px`);
    for (const element of document.querySelectorAll<HTMLElement>("#page *")) {
      const box = element.getBoundingClientRect();
      if (box.width === 0 || box.height === 0 || !element.checkVisibility()) continue;
      if (element.closest(".hidden, .skip") !== null) continue;
      const name = `${element.tagName}.${element.className} "${element.textContent?.slice(0, 40)}"`;
      const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim() !== "");
      if (hasText && Number.parseFloat(getComputedStyle(element).fontSize) < 12) problems.push(`small text: ${name}`);
      if (element.matches("button, select, input, a") && (box.right > clientWidth + 1 || box.left < -1))
        problems.push(`outside: ${name} ${box.left}..${box.right}`);
    }
    return problems;
  });
}

async function campaign(inspector: Inspector): Promise<void> {
  failFor(inspector, "HANGUP");
  await sendCampaign(inspector, { contacts: 5, seed: 7 });
  for (let n = 0; n < 3; n++) await send(inspector.proxy.localUrl, bodyOf("call.completed"));
  const drifted = JSON.parse(bodyOf("call.completed"));
  drifted.TaskID = "00000000000000000000000000000001";
  drifted.Details[0].CallTimes = "2";
  drifted.Details[0].new_field = "x";
  drifted.Details[0].AsrResult = [
    { time: "0:00:02", robottext: "Hello, this is a test call.", text: "" },
    { time: "0:00:06", robottext: "", text: "Yes, speaking. What is it about?" },
    { time: "0:00:11", robottext: "Your invoice is due on Friday.", text: "I will pay tomorrow." },
  ];
  delete drifted.Details[0].Comments;
  await send(inspector.proxy.localUrl, JSON.stringify(drifted));
}

for (const [name, options] of [
  ["wide", { width: 1280, height: 800 }],
  ["dark", { width: 1280, height: 800, colorScheme: "dark" }],
  ["400px", { width: 400, height: 800 }],
] as const) {
  browserTest(`${name}: every view fits, and axe-core finds no serious violation`, async (t) => {
    const inspector = await startInspector(t);
    await campaign(inspector);
    const last = inspector.events.filter(({ event }) => event === "push").length;
    const page = await openPage(t, inspector.url, options);
    const views: [string, () => Promise<unknown>][] = [
      ["stories", () => page.locator("#list [role=row]").nth(5).waitFor()],
      ["plain", () => page.locator(`#push-${last}`).waitFor()],
      [`pushes/${last}`, () => page.getByRole("heading", { name: `#${last} ` }).waitFor()],
      ["overview", () => page.getByRole("heading", { name: "Results of calls" }).waitFor()],
      [`diff/${last - 1}/${last}`, () => page.locator(".diff").waitFor()],
    ];
    const problems: string[] = [];
    for (const [view, wait] of views) {
      await page.evaluate(
        (hash) => {
          location.hash = hash;
        },
        `#/${view === "stories" ? "" : view}`,
      );
      await wait();
      await page.waitForTimeout(250);
      const file = `${name}-${view.replaceAll("/", "-")}`;
      await screenshot(page, file);
      for (const menu of await page.locator("details.menu > summary:visible").all()) {
        await menu.click();
        problems.push(...(await layoutProblems(page)).map((text) => `${view}, menu: ${text}`));
        await screenshot(page, `${file}-menu-${(await menu.innerText()).replaceAll(" ", "-")}`);
        await page.keyboard.press("Escape");
      }
      if (view.startsWith("pushes")) {
        for (const part of ["#call-title", "#deliveries-title", "#body-title"]) {
          await page.locator(part).evaluate((element) => element.scrollIntoView());
          await screenshot(page, `${file}-${part.slice(1)}`);
        }
      }
      problems.push(
        ...[...(await layoutProblems(page)), ...(await violations(page))].map((text) => `${view}: ${text}`),
      );
    }
    await page.keyboard.press("?");
    await page.getByRole("heading", { name: "Keyboard" }).waitFor();
    await screenshot(page, `${name}-help`);
    problems.push(...(await violations(page)).map((text) => `help: ${text}`));
    assert.deepEqual(problems, []);
  });
}

browserTest("hostile strings are shown as text", async (t) => {
  const inspector = await startInspector(t);
  const long = "long text 0123456789 ".repeat(10_000);
  const body = JSON.parse(bodyOf("call.completed"));
  Object.assign(body.Details[0], {
    CalleeName: "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">",
    Comments: long,
    ExtraA: "\u202Eevil\u202C שלום مرحبا",
    ExtraB: "👩‍👩‍👧‍👦🏳️‍🌈 e\u0301 \ud83d",
    ExtraC: "nul \u0000 esc \u001b[31m bell \u0007 line\u2028 zero\u200b",
    AsrResult: [{ time: "0:00:01", robottext: "<b>bold</b>\u0000", text: "\u202Eمرحبا" }],
    EventLabel: { "<i>key</i>\u0000": "<u>value</u>" },
  });
  body.__proto__polluted = "x";
  body["<img src=x onerror=alert(1)>"] = 1;
  await send(inspector.proxy.localUrl, JSON.stringify(body));
  const page = await openPage(t, inspector.url);
  let hasDialog = false;
  page.on("dialog", (dialog) => {
    hasDialog = true;
    void dialog.dismiss();
  });
  await page.evaluate(() => {
    location.hash = "#/pushes/1";
  });
  await page.getByRole("heading", { name: "#1 call.completed" }).waitFor();
  await page.getByRole("button", { name: "Reveal personal data" }).click();
  await page.getByText("<script>document.title='owned'</script>").first().waitFor();
  await page.getByText("nul ⟨NUL⟩ esc ⟨ESC⟩[31m bell ⟨BEL⟩ line⟨U+2028⟩ zero⟨U+200B⟩").first().waitFor();
  await page.getByText("⟨U+202E⟩evil⟨U+202C⟩").first().waitFor();
  await page.getByText("<b>bold</b>⟨NUL⟩").first().waitFor();
  await screenshot(page, "hostile");
  await page.getByRole("button", { name: /^Show all \(210 kB\)/ }).click();
  await page
    .locator("bdi", { hasText: /0123456789 $/ })
    .first()
    .waitFor();
  await page.locator("#body-title").evaluate((element) => element.scrollIntoView());
  await page.getByText("⟨U+202E⟩evil").last().scrollIntoViewIfNeeded();
  await screenshot(page, "hostile-body");
  await page.getByRole("button", { name: "Raw" }).click();
  await page.getByLabel("Body as text").getByText("<script>").waitFor();
  await screenshot(page, "hostile-raw");
  assert.equal(await page.title(), "Airudder inspector");
  assert.equal(hasDialog, false);
  assert.equal(await page.locator("#page script, #page img, #page b, #page u").count(), 0);
  assert.deepEqual(await layoutProblems(page), []);
});
