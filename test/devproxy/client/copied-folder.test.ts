import assert from "node:assert/strict";
import { cpSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openSnapshot } from "../../../devproxy/src/journal/index.js";
import { run, send, startProxy, until } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";

const isWindows = process.platform === "win32";

test("a replay of a copied journal is recorded in the copy, and the original and its listen stay unchanged", async (t) => {
  const { proxy, app, dir } = await startProxy(t);
  await send(proxy.localUrl, "{}");
  await until(() => proxy.store.index.rows[0]?.deliveries.length === 1);
  const copy = join(makeFolder(t), "copy");
  cpSync(dir, copy, { recursive: true });
  rmSync(join(copy, "lock"));
  await send(proxy.localUrl, '{"only":"in the original"}');
  const { code, err, out } = await run(["replay", "1..", "--journal", copy]);
  assert.equal(code, 0, err);
  assert.match(
    err,
    /copy is a copy: the running listen \(process \d+\) writes to .*, so the copy's listen\.json is ignored/,
  );
  assert.match(out, /^1 push to /);
  assert.equal(app.requests.length, 3);
  assert.deepEqual(
    proxy.store.index.rows.map(({ deliveries }) => deliveries.length),
    [1, 1],
  );
  assert.equal((await openSnapshot(copy)).index.rows[0]?.deliveries.length, 2);
});

test("a journal that was moved away from a running listen is reported as moved, not as in use", {
  skip: isWindows,
}, async (t) => {
  const { proxy, dir } = await startProxy(t, { journal: join(makeFolder(t), "journal") });
  await send(proxy.localUrl, "{}");
  const moved = `${dir}-moved`;
  renameSync(dir, moved);
  const { code, err } = await run(["replay", "1", "--journal", moved]);
  assert.equal(code, 3);
  assert.match(err, /was moved: the running listen \(process \d+\) writes to .*journal only\. Stop that listen/);
  assert.match((await run(["list", "--journal", moved])).out, /1 push of 1\n$/);
  renameSync(moved, dir);
});
