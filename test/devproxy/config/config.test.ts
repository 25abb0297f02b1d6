import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startDevproxy } from "airudder-devproxy";
import { startProxy } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";

test("the first start generates a secret, a subdomain and a token that only the owner can read; the next start keeps them", async (t) => {
  const { proxy, dir } = await startProxy(t);
  const text = readFileSync(join(dir, "config.json"), "utf8");
  const { secret, subdomain, token } = JSON.parse(text);
  assert.match(secret, /^[\w-]{24}$/);
  assert.match(subdomain, /^airudder-[0-9a-f]{10}$/);
  assert.ok(token.length >= 24);
  assert.equal(new URL(proxy.localUrl).pathname, `/in/${secret}`);
  if (process.platform !== "win32") {
    for (const name of ["config.json", "listen.json", "000001.ndjson"]) {
      const mode = statSync(join(dir, name), { throwIfNoEntry: false })?.mode;
      if (mode !== undefined) assert.equal(mode & 0o777, 0o600, name);
    }
    assert.equal(statSync(dir).mode & 0o777, 0o700);
  }
  assert.equal(readFileSync(join(dir, ".gitignore"), "utf8").trim(), "*");
  await proxy.close();
  const again = await startProxy(t, { journal: dir });
  assert.equal(new URL(again.proxy.localUrl).pathname, `/in/${secret}`);
  assert.equal(readFileSync(join(dir, "config.json"), "utf8"), text);
});

const damaged: Record<string, string> = {
  "cut off": '{"secret": "abc',
  "an empty file": "",
  "another JSON value": "null",
  "a secret that is not a path segment": '{"secret":"a/b","subdomain":"abcd","token":"0123456789abcdef"}',
  "no token": '{"secret":"0123456789abcdef","subdomain":"abcd"}',
};

for (const [name, text] of Object.entries(damaged)) {
  test(`a damaged config (${name}) is reported, and not changed`, async (t) => {
    const dir = join(makeFolder(t), "journal");
    const first = await startProxy(t, { journal: dir });
    await first.proxy.close();
    writeFileSync(join(dir, "config.json"), text);
    await assert.rejects(
      startDevproxy({ journal: dir, tunnel: "none" }),
      (error: Error & { code: string; exit: number }) => {
        assert.equal(error.code, "config_damaged");
        assert.equal(error.exit, 3);
        assert.match(error.message, /config\.json is damaged: .*delete it/);
        return true;
      },
    );
    assert.equal(readFileSync(join(dir, "config.json"), "utf8"), text);
  });
}
