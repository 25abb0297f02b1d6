import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { DevproxyError } from "airudder-devproxy";
import { writePrivateFile } from "../../../devproxy/src/config/index.js";
import { makeFolder } from "../../helpers/folder.js";

test("a private file replaces the existing one, and leaves no temporary file", async (t) => {
  const dir = makeFolder(t);
  const path = join(dir, "config.json");
  writeFileSync(path, "old");
  await writePrivateFile(path, "new");
  assert.equal(readFileSync(path, "utf8"), "new");
  assert.deepEqual(readdirSync(dir), ["config.json"]);
});

/** Paths that cannot be written. */
const blocked: Record<string, (dir: string) => string> = {
  "is a folder": (dir) => {
    mkdirSync(join(dir, "config.json", "sub"), { recursive: true });
    return join(dir, "config.json");
  },
  "is in a missing folder": (dir) => join(dir, "nowhere", "config.json"),
};

for (const [what, block] of Object.entries(blocked)) {
  test(`a private file whose path ${what} is reported as not_writable, and its temporary file is removed`, async (t) => {
    const dir = makeFolder(t);
    const path = block(dir);
    const before = readdirSync(dir, { recursive: true });
    await assert.rejects(writePrivateFile(path, "text"), (error: Error) => {
      assert.ok(error instanceof DevproxyError, String(error));
      assert.deepEqual([error.code, error.exit], ["not_writable", 3]);
      assert.ok(error.message.startsWith(`The file ${path} cannot be written (`), error.message);
      return true;
    });
    assert.deepEqual(readdirSync(dir, { recursive: true }), before);
  });
}
