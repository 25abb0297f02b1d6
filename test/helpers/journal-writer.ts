/** A process that appends pushes as fast as it can and prints the id of each that is on disk. */
import { openJournal } from "airudder-webhooks/journal";

const journal = await openJournal(process.argv[2] as string, { segmentBytes: 20_000 });
for (let i = 0; ; i++) {
  const id = `p${i}`;
  const at = new Date().toISOString();
  await journal.append(
    {
      kind: "push",
      id,
      at,
      method: "POST",
      url: "/",
      type: "unknown",
      verified: false,
      source: "local",
      size: 3,
      sha256: "",
    },
    { headers: {}, body: Buffer.from(`{"i":${i}}`) },
  );
  process.stdout.write(`${id}\n`);
}
