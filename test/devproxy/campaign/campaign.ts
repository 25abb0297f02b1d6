import type { CallCompleted, DialerAgent, DialerContact, DialerTask, WorkflowListCompleted } from "airudder-webhooks";
import fc from "fast-check";
import {
  type CampaignOptions,
  type CampaignPush,
  campaignPushes,
  OUTCOME_NAMES,
} from "../../../devproxy/src/campaign/index.js";

/** The options of a campaign that invariants are checked with: all are set. */
export type Options = { readonly [name in keyof Required<CampaignOptions>]: NonNullable<CampaignOptions[name]> };

/** A campaign as a receiver gets it: only from its options and its bytes. */
export interface Campaign {
  readonly options: Options;
  readonly pushes: readonly CampaignPush[];
  readonly startMs: number;
  /** The calls of the voicebot. */
  readonly completed: readonly At<CallCompleted["Details"][number]>[];
  readonly contacts: readonly At<DialerContact["pds"]["body"]>[];
  readonly agents: readonly At<DialerAgent["pds"]["body"]>[];
  readonly tasks: readonly At<DialerTask["pds"]["body"]>[];
  readonly ended: readonly At<WorkflowListCompleted>[];
}

/** The payload of a push, with its position in the campaign. */
export interface At<T> {
  readonly index: number;
  readonly atMs: number;
  readonly body: T;
}

export function makeCampaign(options: Options): Campaign {
  const pushes = [...campaignPushes(options)];
  const campaign = {
    options,
    pushes,
    startMs: options.startAt.getTime(),
    completed: [] as Campaign["completed"][number][],
    contacts: [] as Campaign["contacts"][number][],
    agents: [] as Campaign["agents"][number][],
    tasks: [] as Campaign["tasks"][number][],
    ended: [] as Campaign["ended"][number][],
  };
  pushes.forEach(({ atMs, type, body }, index) => {
    const payload = JSON.parse(body.toString());
    if (type === "call.completed")
      for (const detail of payload.Details) campaign.completed.push({ index, atMs, body: detail });
    if (type === "dialer.contact") campaign.contacts.push({ index, atMs, body: payload.pds.body });
    if (type === "dialer.agent") campaign.agents.push({ index, atMs, body: payload.pds.body });
    if (type === "dialer.task") campaign.tasks.push({ index, atMs, body: payload.pds.body });
    if (type === "workflow.list.completed") campaign.ended.push({ index, atMs, body: payload });
  });
  return campaign;
}

const weights = fc
  .dictionary(fc.constantFrom(...OUTCOME_NAMES), fc.nat(100), { minKeys: 1, noNullPrototype: true })
  .filter((mix) => Object.values(mix).some((weight) => weight > 0));

/** Campaigns of random size, mix, seed and redials. */
export const anyOptions: fc.Arbitrary<Options> = fc.record({
  contacts: fc.integer({ min: 1, max: 60 }),
  mix: weights,
  seed: fc.maxSafeNat(),
  agents: fc.integer({ min: 1, max: 6 }),
  maxRedials: fc.nat(3),
  startAt: fc.date({
    min: new Date("2010-01-01T00:00:00Z"),
    max: new Date("2099-12-31T00:00:00Z"),
    noInvalidDate: true,
  }),
  key: fc.string({ minLength: 1, maxLength: 20 }),
});

/** The elements with the same key, in order. */
export function groupBy<T>(list: readonly T[], keyOf: (element: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const element of list) {
    const group = groups.get(keyOf(element));
    if (group === undefined) groups.set(keyOf(element), [element]);
    else group.push(element);
  }
  return groups;
}
