import { createHash } from "node:crypto";
import { newPushId } from "airudder-webhooks/inspect";
import { type Journal, openJournal } from "airudder-webhooks/journal";
import { callCompleted } from "../../load/pushes.js";

const BATCH = 1_000;

/** The task of the push at an index; each push has its own. */
export function taskOf(index: number): string {
  return `490d5ec3c1${String(index).padStart(16, "0")}`;
}

/** Fills a journal with `size` delivered `call.completed` pushes, each of a new task. The app responded 500 to every tenth. */
export async function fill(folder: string, size: number, target: string): Promise<void> {
  const journal = await openJournal(folder);
  const template = callCompleted("TASK", "CALL");
  for (let first = 0; first < size; first += BATCH) {
    const count = Math.min(BATCH, size - first);
    await Promise.all(Array.from({ length: count }, (_, i) => record(journal, template, first + i, target)));
  }
  await journal.close();
}

async function record(journal: Journal, template: string, index: number, target: string): Promise<void> {
  const task = taskOf(index);
  const call = `C${index}E`;
  const body = Buffer.from(template.replace('"TASK"', `"${task}"`).replace('"CALL"', `"${call}"`));
  const id = newPushId();
  const at = new Date().toISOString();
  const sha256 = createHash("sha256").update(body).digest("hex");
  const headers = {
    host: "a.test",
    "content-type": "application/json",
    "user-agent": "Airudder",
    "content-length": String(body.length),
  };
  const subject = `call.completed|${task}|${call}`;
  await journal.append(
    {
      kind: "push",
      id,
      at,
      method: "POST",
      url: "/",
      type: "call.completed",
      verified: true,
      source: "tunnel",
      size: body.length,
      sha256,
      subject,
      task,
      call,
    },
    { headers, body },
  );
  const status = index % 10 === 0 ? 500 : 200;
  await journal.append(
    { kind: "delivery", push: id, at, target, status, ms: 3, cause: "live" },
    { headers: { "content-type": "application/json" }, body: Buffer.from("{}") },
  );
}
