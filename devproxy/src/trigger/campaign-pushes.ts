import { describePush } from "airudder-webhooks/inspect";
import { type CampaignOptions, campaignPushes } from "../campaign/index.js";
import type { Scheduled } from "../replay/index.js";
import { type TestPush, VENDOR_HEADERS } from "./test-push.js";

/** The pushes of a campaign, in order of time. Those of one subject are sent in order. */
export function* scheduleCampaign(
  options: CampaignOptions,
  /** Pushes per second. Default: as fast as the responses arrive. */
  rate: number | undefined,
): Generator<Scheduled<TestPush>> {
  let index = 0;
  for (const { type, body } of campaignPushes(options)) {
    const dueMs = rate === undefined ? undefined : (index * 1_000) / rate;
    yield { item: { type, headers: { ...VENDOR_HEADERS }, body }, dueMs, subject: describePush(body).subject };
    index++;
  }
}
