import assert from "node:assert/strict";
import type { NoParamCallback } from "node:fs";
import { test } from "node:test";
import { airudder, fileInbox } from "airudder-webhooks";
import { type JournalError, openJournal, type PushHead, readJournal } from "airudder-webhooks/journal";
import { makeFolder } from "../../helpers/folder.js";
import { webRequest } from "../../helpers/push.js";
import { pushHead } from "../../helpers/push-head.js";
import { until } from "../../helpers/until.js";
import { replaceFs, systemError } from "./failing-fs.js";

async function idsOf(dir: string): Promise<string[]> {
  const ids: string[] = [];
  await readJournal(dir, { onRecord: ({ head }) => ids.push((head as PushHead).id) });
  return ids;
}

/** Makes the next syncs fail. */
function failSyncs(t: Parameters<typeof replaceFs>[0], count: number): void {
  replaceFs(t, "fdatasync", (sync) => (fd: number, callback: NoParamCallback) => {
    if (count-- > 0) callback(systemError("EIO"));
    else sync(fd, callback);
  });
}

test("a failed sync rejects every record of its batch", async (t) => {
  const journal = await openJournal(makeFolder(t));
  t.after(() => journal.close());
  await journal.append(pushHead("first"));
  failSyncs(t, 1);
  const codes: string[] = [];
  for (const id of ["a", "b", "c"]) journal.append(pushHead(id)).catch(({ code }: JournalError) => codes.push(code));
  // The next append must not join the batch of these three.
  await until(() => codes.length > 0);
  await journal.append(pushHead("next"));
  assert.deepEqual(codes, Array(3).fill("journal_unwritable"));
});

test("a record whose sync failed is removed from the file", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  await journal.append(pushHead("first"));
  failSyncs(t, 1);
  await assert.rejects(journal.append(pushHead("rejected")), { code: "journal_unwritable" });
  assert.deepEqual(await idsOf(dir), ["first"]);
  await journal.append(pushHead("next"));
  assert.deepEqual(await idsOf(dir), ["first", "next"]);
});

test("complete records of a batch whose write failed are removed from the file", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  await journal.append(pushHead("first"));
  let writes = 0;
  replaceFs(t, "write", (write) => (...all: unknown[]) => {
    const [fd, bytes, , , , callback] = all as [number, Buffer, number, number, null, (error: Error) => void];
    writes++;
    if (writes === 2) callback(systemError("ENOSPC"));
    else if (writes > 2) (write as (...args: unknown[]) => void)(...all);
    // The first write stops in the middle of the second record.
    else (write as (...args: unknown[]) => void)(fd, bytes, 0, bytes.length - 10, null, callback);
  });
  const results = await Promise.allSettled([journal.append(pushHead("a")), journal.append(pushHead("b"))]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  assert.deepEqual(await idsOf(dir), ["first"]);
});

test("a push that was rejected because of a failed sync is not handled after a restart", async (t) => {
  const dir = makeFolder(t);
  const start = (handler: () => unknown) => {
    const receiver = airudder({ token: false, warnings: false, inbox: fileInbox(dir) });
    t.after(() => receiver.close({ timeoutMs: 1 }));
    const handled: unknown[] = [];
    receiver.on("*", ({ payload }) => {
      handled.push(payload);
      return handler();
    });
    return { receiver, handled };
  };
  // An unfinished push, so that its segment is kept.
  const before = start(() => new Promise(() => undefined));
  await before.receiver.ready();
  assert.equal((await before.receiver.fetch(webRequest({ n: 1 }))).status, 200);
  failSyncs(t, 1);
  assert.equal((await before.receiver.fetch(webRequest({ n: 2 }))).status, 503);
  await before.receiver.close({ timeoutMs: 1 });

  const after = start(() => undefined);
  await after.receiver.ready();
  assert.equal((await after.receiver.fetch(webRequest({ n: 3 }))).status, 200);
  await until(() => after.handled.length > 1 && after.receiver.stats().inbox?.queued === 0);
  assert.deepEqual(after.handled, [{ n: 1 }, { n: 3 }]);
});
