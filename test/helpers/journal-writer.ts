/** A process that appends pushes as fast as it can and prints the id of each that is on disk. */
import { openJournal } from "airudder-webhooks/journal";
import { pushHead } from "./push-head.js";

const journal = await openJournal(process.argv[2] as string, { segmentBytes: 20_000 });
for (let i = 0; ; i++) {
  await journal.append(pushHead(`p${i}`), { headers: {}, body: Buffer.from(`{"i":${i}}`) });
  process.stdout.write(`p${i}\n`);
}
