import type { PushType } from "airudder-webhooks";
import { type CampaignOptions, completeOptions } from "./options.js";
import type { OutcomeName } from "./outcomes.js";
import { Simulation } from "./simulation.js";

/** One push of a campaign. */
export interface CampaignPush {
  /** Time since the start of the campaign, ms. */
  readonly atMs: number;
  readonly type: PushType;
  /** The exact bytes of the request. */
  readonly body: Buffer;
}

/** What a campaign consists of. */
export interface CampaignSummary {
  readonly contacts: number;
  /** Number of contacts for each outcome. */
  readonly outcomes: Readonly<Record<OutcomeName, number>>;
  /** Number of dials after the first dial of a number, in both tasks. */
  readonly redials: number;
  /** Number of pushes. */
  readonly pushes: number;
  readonly pushesByType: Readonly<Partial<Record<PushType, number>>>;
  /** From the first push to the last, ms. */
  readonly durationMs: number;
}

/**
 * Generates the pushes of a fictitious campaign, in order of time. Equal options produce equal bytes.
 *
 * The campaign is one workflow with two nodes. Every contact passes through both, with the same outcome:
 *
 * 1. A voicebot calls. `call.completed` follows the last dial of the number.
 * 2. A predictive dialer calls, and an agent talks to contacts who answer: `dialer.contact`, `dialer.agent`. The task of the dialer runs
 *    during all calls of the campaign: `dialer.task`. `workflow.list.completed` follows the last call of the contact.
 *
 * `workflow.status` is the first and the last push. Names are fictitious and phone numbers are reserved for drama. Fields whose values the
 * vendor does not document contain a word in angle brackets.
 * @throws DevproxyError `usage`, at the first push, naming the option
 * @example for (const { type, body } of campaignPushes({ contacts: 500, seed: 7 })) await send(type, body);
 */
export function* campaignPushes(options: CampaignOptions = {}): Generator<CampaignPush, void, undefined> {
  for (const { atMs, type, payload } of new Simulation(completeOptions(options)).run()) {
    yield { atMs, type, body: Buffer.from(JSON.stringify(payload())) };
  }
}

/**
 * Counts the pushes of a campaign, without their bytes. Takes about a second for 500,000 pushes.
 * @throws DevproxyError `usage`, naming the option
 * @example const { pushes } = campaignSummary({ contacts: 500, seed: 7 });
 */
export function campaignSummary(options: CampaignOptions = {}): CampaignSummary {
  const simulation = new Simulation(completeOptions(options));
  const pushesByType: Partial<Record<PushType, number>> = {};
  let pushes = 0;
  let durationMs = 0;
  for (const { atMs, type } of simulation.run()) {
    pushes++;
    pushesByType[type] = (pushesByType[type] ?? 0) + 1;
    durationMs = atMs;
  }
  const contacts = Object.values(simulation.outcomes).reduce((sum, count) => sum + count, 0);
  return { contacts, outcomes: simulation.outcomes, redials: simulation.redials, pushes, pushesByType, durationMs };
}
