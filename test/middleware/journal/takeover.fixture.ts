/**
 * Appends pushes until another process has the journal, and prints the id of each acknowledged push. Its lock becomes stale within
 * milliseconds, and its writes wait in the thread pool, so a suspension often happens between a check of the lock and a write.
 */
import { pbkdf2 } from "node:crypto";
import { writeSync } from "node:fs";
import type { Journal } from "airudder-webhooks/journal";
import { openWithTimes } from "../../../middleware/src/journal/open.js";
import { pushHead } from "../../helpers/push-head.js";

const [dir, name] = process.argv.slice(2) as [string, string];

const onLost = (): void => process.exit(0);
const times = { heartbeatMs: 40, presumeDeadMs: 200, pidReuseMs: 100 };
const open = (): Promise<Journal> => openWithTimes(dir, { segmentBytes: 200_000, onLost }, times).catch(open);
const journal = await open();
const busy = (): void => pbkdf2("a", "b", 5_000, 32, "sha512", busy);
busy();
let number = 0;
async function appendAll(): Promise<void> {
  for (;;) {
    const id = `${name}-${number++}`;
    await journal.append(pushHead(id), {
      headers: {},
      body: Buffer.from(JSON.stringify({ id, filler: "x".repeat(400) })),
    });
    writeSync(1, `${id}\n`);
  }
}
for (let i = 0; i < 4; i++) appendAll().catch(onLost);
