import { createHash } from "node:crypto";
import type { TestContext } from "node:test";
import { describePush, newPushId } from "airudder-webhooks/inspect";
import { openJournal } from "airudder-webhooks/journal";
import { type CampaignOptions, campaignPushes } from "../../devproxy/src/campaign/index.js";
import { makeFolder } from "./folder.js";

/**
 * A journal of the pushes of a campaign, received in the last hour and accepted by the app. Written directly, because a dev proxy would
 * need a minute for 50,000 pushes.
 * @param options.max maximum number of pushes
 * @param options.change changes the body of a push; the first has the number 1
 */
export async function campaignJournal(
  t: TestContext,
  {
    max = Number.POSITIVE_INFINITY,
    change = (body) => body,
    ...campaign
  }: CampaignOptions & { max?: number; change?: (body: Buffer, seq: number) => Buffer },
): Promise<string> {
  const dir = makeFolder(t);
  const journal = await openJournal(dir);
  const start = Date.now() - 3_600_000;
  let seq = 0;
  let written: Promise<unknown>[] = [];
  for (const { type, body, atMs } of campaignPushes(campaign)) {
    if (seq++ === max) break;
    const content = change(body, seq);
    const { task, call, workflow, subject, verified } = describePush(content, {}, { type });
    const at = new Date(start + (atMs % 3_600_000)).toISOString();
    const id = newPushId();
    const head = { id, at, method: "POST", url: "/", type, verified, source: "local", size: content.length };
    const sha256 = createHash("sha256").update(content).digest("hex");
    const ids = JSON.parse(JSON.stringify({ task, call, workflow, subject }));
    const headers = { "content-type": "application/json" };
    written.push(journal.append({ kind: "push", ...head, sha256, ...ids }, { headers, body: content }));
    const delivery = { push: id, at, target: "http://127.0.0.1:3000/", status: 200, ms: 4, cause: "live" as const };
    written.push(journal.append({ kind: "delivery", ...delivery }, { headers: {}, body: Buffer.from("{}") }));
    if (written.length >= 2_000) {
      await Promise.all(written);
      written = [];
    }
  }
  await Promise.all(written);
  await journal.close();
  return dir;
}
