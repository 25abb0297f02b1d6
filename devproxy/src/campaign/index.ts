export { type CampaignPush, type CampaignSummary, campaignPushes, campaignSummary } from "./campaign.js";
export { type Mix, parseMix } from "./mix.js";
export { type CampaignOptions, DEFAULT_SEED, isCampaignFile, parseCampaignFile } from "./options.js";
export { OUTCOME_NAMES, type OutcomeName } from "./outcomes.js";
