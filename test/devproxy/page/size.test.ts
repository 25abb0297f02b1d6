import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { buildPage, PAGE_FILES } from "../../../scripts/build/page.js";
import { makeFolder } from "../../helpers/folder.js";

const source = fileURLToPath(new URL("../../../devproxy/src/page", import.meta.url));

test("all files of the page together are at most 150 kB compressed, and load nothing from elsewhere", async (t) => {
  const folder = makeFolder(t);
  await buildPage(source, folder);
  const files = PAGE_FILES.map((file) => readFileSync(join(folder, file)));
  const bytes = files.reduce((sum, file) => sum + gzipSync(file).length, 0);
  t.diagnostic(`${bytes} bytes`);
  assert.ok(bytes > 10_000 && bytes <= 150_000, `${bytes} bytes`);
  for (const file of files) {
    const urls = file.toString().match(/(?:https?:)?\/\/[\w.-]+\.\w{2,}/g) ?? [];
    assert.deepEqual(
      urls.filter((url) => !url.includes("www.w3.org")),
      [],
    );
  }
});

test("the page contains no code of the proxy", async (t) => {
  const folder = makeFolder(t);
  await buildPage(source, folder);
  const script = readFileSync(join(folder, "page.js"), "utf8");
  assert.doesNotMatch(script, /createHmac|node:http|JournalReader|catalogue/);
  assert.doesNotMatch(script, /innerHTML\s*=\s*[a-z]+\.text|document\.write|\beval\(/);
});
