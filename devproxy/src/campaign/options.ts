import { jsonErrorPosition } from "../config/index.js";
import { usageError } from "../errors.js";
import schema from "./campaign.schema.json" with { type: "json" };
import { findProblem } from "./check.js";
import { type Mix, totalWeight } from "./mix.js";

/** Options of a campaign. All have a default, which `campaign.schema.json` states. */
export interface CampaignOptions {
  /** Number of contacts, 1 to 100,000. Default: 100. */
  readonly contacts?: number | undefined;
  /** Weight of each outcome. Default: `answered=40,no-answer=35,busy=15,switched-off=10`. */
  readonly mix?: Mix | undefined;
  /** The same seed and the same options produce the same bytes. A whole number from 0 to 2^53 - 1. Default: 1. */
  readonly seed?: number | undefined;
  /** Number of agents. 1 to 2,000. Each talks to one contact at a time. Default: one per 50 contacts, at least 2. */
  readonly agents?: number | undefined;
  /** Maximum number of redials of a number, in each of the two tasks. 0 to 10. Default: 1. */
  readonly maxRedials?: number | undefined;
  /** Start of the campaign, in the years 2010 to 2099. Default: 2026-01-05T02:00:00Z. */
  readonly startAt?: Date | undefined;
  /** Key of `Sign`. Default: the vendor's published key. */
  readonly key?: string | undefined;
}

/** Options with their defaults. */
export interface CompleteOptions {
  readonly contacts: number;
  readonly mix: Mix;
  readonly seed: number;
  readonly agents: number;
  readonly maxRedials: number;
  /** Epoch, ms. */
  readonly startMs: number;
  readonly key: string | undefined;
}

const CONTACTS_PER_AGENT = 50;
const MIN_DEFAULT_AGENTS = 2;

/** The options as a campaign file states them. */
interface CampaignFile {
  readonly contacts?: number;
  readonly mix?: Mix;
  readonly seed?: number;
  readonly agents?: number;
  readonly maxRedials?: number;
  readonly startAt?: string;
}

/**
 * Parses a campaign file, whose schema is `campaign.schema.json`.
 * @param name name of the file, for messages
 * @throws DevproxyError `usage`, naming the field
 * @example parseCampaignFile('{"contacts": 500, "mix": {"answered": 40, "busy": 60}}')
 */
export function parseCampaignFile(text: string, name = "campaign.json"): CampaignOptions {
  const json = text.replace(/^\ufeff/, "");
  const position = jsonErrorPosition(json);
  if (position !== undefined) {
    const where = `line ${position.line}, column ${position.column}`;
    throw usageError(
      `${name} is not valid JSON: see ${where}. Give a JSON object, such as {"contacts": 500, "seed": 7}.`,
    );
  }
  const { contacts, mix, seed, agents, maxRedials, startAt } = checked(JSON.parse(json), name);
  return { contacts, mix, seed, agents, maxRedials, startAt: startAt === undefined ? undefined : new Date(startAt) };
}

/** Whether a text is a JSON object that has only fields of a campaign file, and at least one of them. */
export function isCampaignFile(text: string): boolean {
  const json = text.replace(/^\ufeff/, "");
  if (jsonErrorPosition(json) !== undefined) return false;
  const value: unknown = JSON.parse(json);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const names = Object.keys(value).filter((name) => name !== "$schema");
  return names.length > 0 && names.every((name) => Object.hasOwn(schema.properties, name));
}

/** The seed of a campaign without another. */
export const DEFAULT_SEED = schema.properties.seed.default;

/**
 * Checks options and adds the defaults.
 * @throws DevproxyError `usage`, naming the option
 */
export function completeOptions({ key, startAt, ...given }: CampaignOptions): CompleteOptions {
  if (Number.isNaN(startAt?.getTime())) throw usageError('The campaign: "startAt" is not a valid date.');
  const { properties } = schema;
  const contacts = given.contacts ?? properties.contacts.default;
  const complete = {
    contacts,
    mix: given.mix ?? properties.mix.default,
    seed: given.seed ?? properties.seed.default,
    agents: given.agents ?? Math.max(MIN_DEFAULT_AGENTS, Math.ceil(contacts / CONTACTS_PER_AGENT)),
    maxRedials: given.maxRedials ?? properties.maxRedials.default,
    startAt: startAt?.toISOString() ?? properties.startAt.default,
  };
  checked(complete, "The campaign");
  const { startAt: start, ...others } = complete;
  return { ...others, startMs: Date.parse(start), key };
}

/** @throws DevproxyError `usage`, naming the field */
function checked(value: unknown, name: string): CampaignFile {
  const problem = findProblem(schema, value);
  if (problem !== undefined) throw usageError(`${name}: ${problem}`);
  const { mix, startAt } = value as CampaignFile;
  if (mix !== undefined && totalWeight(mix) === 0) {
    throw usageError(`${name}: "mix" has no weight above 0. Give at least one, such as {"answered": 1}.`);
  }
  if (startAt !== undefined && Number.isNaN(Date.parse(startAt))) {
    throw usageError(
      `${name}: "startAt" is not a date that exists. Give one, such as "${schema.properties.startAt.default}".`,
    );
  }
  return value as CampaignFile;
}
