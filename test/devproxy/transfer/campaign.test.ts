import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { campaignPushes } from "../../../devproxy/src/campaign/index.js";
import { campaignJournal } from "../../helpers/campaign-journal.js";
import { run } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";

const CAMPAIGN = { contacts: 1_000, seed: 3 };

/** Every phone number, name and line of a transcript in a payload. */
function personalValues(value: unknown, name: string, found: Set<string>): void {
  if (typeof value === "object" && value !== null) {
    for (const [key, child] of Object.entries(value)) personalValues(child, key, found);
  } else if (typeof value === "string" && value !== "") {
    if (/number|phone|callee$|Number$/i.test(name) && value.length > 6) found.add(value.replace(/^\+/, ""));
    if (/name/i.test(name) && / /.test(value)) found.add(value);
    if (name === "text" || name === "robottext" || name === "intention_description") found.add(value);
  }
}

test("no phone number, name or transcript of a campaign of 1,000 contacts is in a redacted export, in any format", async (t) => {
  const dir = await campaignJournal(t, CAMPAIGN);
  const personal = new Set<string>();
  let count = 0;
  for (const { body } of campaignPushes(CAMPAIGN)) {
    personalValues(JSON.parse(body.toString()), "", personal);
    count++;
  }
  assert.ok(personal.size > 2_000, String(personal.size));
  const folder = makeFolder(t);
  writeFileSync(join(folder, "app.ts"), "");
  for (const [format, out, ...flags] of [
    ["har", "x.har"],
    ["ndjson", "x.ndjson"],
    ["curl", "scripts"],
    ["test", "x.test.ts", "--app", join(folder, "app.ts")],
  ] as [string, string, ...string[]][]) {
    const { code, err } = await run(["export", "--as", format, "--journal", dir, "--out", join(folder, out), ...flags]);
    assert.equal(code, 0, err);
    assert.match(err, new RegExp(`^redacted [\\d,]+ values in ${count.toLocaleString("en-US")} pushes`, "m"));
  }
  const texts = [
    ...["x.har", "x.ndjson", "x.test.ts"].map((name) => readFileSync(join(folder, name), "latin1")),
    ...readdirSync(join(folder, "scripts")).map((name) => readFileSync(join(folder, "scripts", name), "latin1")),
  ];
  const all = texts.join("\n");
  // A value can only occur if its beginning does. Many values share their beginning, so this is faster.
  const isFound = new Map<string, boolean>();
  const occurs = (value: string): boolean => {
    const beginning = value.slice(0, 7);
    if (!isFound.has(beginning)) isFound.set(beginning, all.includes(beginning));
    return isFound.get(beginning) === true && all.includes(value);
  };
  const latin1 = [...personal].map((value) => Buffer.from(value).toString("latin1"));
  assert.deepEqual(latin1.filter(occurs), []);
});
