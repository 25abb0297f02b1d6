import { cpSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileInbox } from "airudder-webhooks";
import { inboxConformance } from "airudder-webhooks/testing";
import { makeFolder } from "../../helpers/folder.js";
import { MemoryInbox, type Row } from "../../helpers/memory-inbox.js";
import { MemoryStorage, SharedMemoryInbox } from "../../helpers/shared-memory-inbox.js";

test("an inbox that consists of Attempts and Scheduler follows every rule", async (t) => {
  let rows = new Map<string, Row>();
  const make = (keepStorage: boolean) => {
    if (!keepStorage) rows = new Map();
    return new MemoryInbox(rows);
  };
  const crash = () => {
    rows = new Map([...rows].map(([id, row]) => [id, { ...row }]));
  };
  for (const { name, run } of inboxConformance({ make, crash })) await t.test(name, run);
});

test("an inbox with every capability follows every rule", async (t) => {
  let storage = new MemoryStorage();
  const make = (keepStorage: boolean) => {
    if (!keepStorage) storage = new MemoryStorage();
    return new SharedMemoryInbox(storage);
  };
  const crash = (inbox: unknown) => {
    (inbox as SharedMemoryInbox).isGone = true;
  };
  const effects = {
    write: (transaction: string[], text: string) => transaction.push(text),
    read: () => storage.effects,
  };
  for (const { name, run } of inboxConformance({ make, crash, effects })) await t.test(name, run);
});

test("a file inbox follows every rule", async (t) => {
  const root = makeFolder(t);
  let folder = "";
  const next = () => mkdtempSync(join(root, "inbox-"));
  const make = (keepStorage: boolean) => {
    if (!keepStorage) folder = next();
    return fileInbox(folder, { retryMs: 10 });
  };
  /** The next inbox opens a copy without the lock, as if the process that holds the lock had ended. */
  const crash = (inbox: { close(limitMs: number): Promise<void> }) => {
    const copy = next();
    cpSync(folder, copy, { recursive: true, filter: (path) => path === folder || path.endsWith(".ndjson") });
    folder = copy;
    return inbox.close(0);
  };
  for (const { name, run } of inboxConformance({ make, crash })) await t.test(name, run);
});
