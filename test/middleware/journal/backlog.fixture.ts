/** Reads every push of a journal, many at a time, and prints how many there were. */
import { openJournal, type RecordEntry } from "airudder-webhooks/journal";

const entries: RecordEntry[] = [];
const journal = await openJournal(process.argv[2] as string, { onRecord: (entry) => entries.push(entry) });
for (let round = 0; round < 2; round++) await Promise.all(entries.map(({ location }) => journal.read(location)));
await journal.close();
console.log(entries.length);
