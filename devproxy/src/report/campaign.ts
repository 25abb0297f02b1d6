import type { CampaignSummary } from "../campaign/index.js";
import { duration, pushCount, withSeparators } from "./format.js";

/** What a campaign consists of: its contacts and its pushes. */
export function campaignLines({
  contacts,
  outcomes,
  redials,
  pushes,
  pushesByType,
  durationMs,
}: CampaignSummary): string[] {
  const counts = (values: Readonly<Record<string, number>>) =>
    Object.entries(values)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${withSeparators(count)} ${name}`)
      .join(", ");
  return [
    `campaign: ${withSeparators(contacts)} contacts (${counts(outcomes)}), ${withSeparators(redials)} redials, ${duration(durationMs)} of campaign time`,
    `${pushCount(pushes)}: ${counts(pushesByType)}`,
  ];
}
