import { type MarkHead, readJournal } from "airudder-webhooks/journal";
import type { Row } from "./row.js";

/** Every mark of a push, oldest first. Reads the whole journal, because the index contains only the newest mark. */
export async function marksOf(dir: string, { push }: Row): Promise<MarkHead[]> {
  const marks: MarkHead[] = [];
  await readJournal(dir, {
    onRecord: ({ head }) => {
      if (head.kind === "mark" && head.push === push.id) marks.push(head);
    },
  });
  return marks;
}
