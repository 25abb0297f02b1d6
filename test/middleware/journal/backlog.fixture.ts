/** Reads every push of a journal, many at a time, and prints how many there were. */
import { type Entry, openJournal } from "airudder-webhooks/journal";

const entries: Entry[] = [];
const journal = await openJournal(process.argv[2] as string, { onEntry: (entry) => entries.push(entry) });
for (let round = 0; round < 2; round++) await Promise.all(entries.map(({ place }) => journal.read(place)));
await journal.close();
console.log(entries.length);
