import type { PushType } from "airudder-webhooks";
import { catalogue, describePush } from "airudder-webhooks/inspect";
import type { Content } from "airudder-webhooks/journal";
import { renewIds, samplePush } from "airudder-webhooks/testing";
import { usageError } from "../errors.js";
import { endToEndHeaders } from "../http/index.js";
import type { Edit } from "../replay/index.js";
import { VENDOR_HEADERS } from "./test-push.js";
import type { TestType } from "./types.js";

/** What the test pushes of a command are made from. */
export interface PushSource extends TestType {
  /** For messages, such as `call.completed` or `#12`. */
  name: string;
  /** Query of a recorded push, with its question mark. */
  query?: string | undefined;
  /** The headers and the body of a push before its edits. */
  content: Content;
  /** Whether each push gets new ids. */
  newIds: boolean;
  /** Whether `content` already has new ids. */
  isNew?: boolean;
}

/** Options of {@link sampleSource}. */
export interface SampleSourceOptions {
  /** Key to sign with. Default: the vendor's published key. */
  key?: string | undefined;
  /** The same seed produces the same pushes. Default: random ids. */
  seed?: number | undefined;
}

/** A fictitious push of a type, valid and signed. */
export function sampleSource({ type, schema }: TestType, { key, seed }: SampleSourceOptions): PushSource {
  const payload = samplePush(
    type as PushType,
    {},
    {
      ...(schema?.form === undefined ? {} : { form: schema.form }),
      ...(key === undefined ? {} : { key }),
      ...(seed === undefined ? {} : { seed }),
    },
  );
  const body =
    schema === undefined || schema.subject.length === 0 ? { ...payload, [ARTIFICIAL_ID]: newId(seed) } : payload;
  const content = { headers: { ...VENDOR_HEADERS }, body: Buffer.from(JSON.stringify(body)) };
  return { name: schema?.name ?? type, type, schema, content, newIds: true, isNew: true };
}

/** Options of {@link contentSource}. */
export interface ContentSourceOptions {
  /** Default: identified by shape. */
  type?: TestType | undefined;
  query?: string;
  newIds: boolean;
}

/** A recorded push, or a body of the user. */
export function contentSource(
  name: string,
  content: Content,
  { type, query, newIds }: ContentSourceOptions,
): PushSource {
  const description = describePush(content.body, content.headers);
  const schema = catalogue.find((one) => one.name === description.schema);
  return { name, ...(type ?? { type: description.type, schema }), query, content, newIds };
}

/** The headers of a recorded push, for a test push: without those of its connection, of the dev proxy, and the token of its app. */
export function testHeaders(headers: Content["headers"]): Record<string, string> {
  const { host: _, "airudder-token": __, ...kept } = endToEndHeaders(headers);
  return Object.fromEntries(
    Object.entries(kept).map(([name, value]) => [name, typeof value === "string" ? value : value.join(", ")]),
  );
}

/**
 * The edits that give a push new ids. None if the body is not a JSON object, or has no known ids.
 * @throws DevproxyError `usage`, if the body is nested too deeply
 */
export function newIdEdits(content: Content, source: PushSource, seed: number | undefined): Edit[] {
  try {
    return renewedIdEdits(content, source, seed);
  } catch (error) {
    // The stack of recursive functions, such as structuredClone.
    if (!(error instanceof RangeError)) throw error;
    const advice = "Send it with its own ids: trigger @NAME for a pinned push, or --file without --new-ids";
    throw usageError(`The body of ${source.name} is nested too deeply: its ids cannot be replaced. ${advice}.`);
  }
}

function renewedIdEdits({ body, headers }: Content, { type }: TestType, seed: number | undefined): Edit[] {
  const { payload } = describePush(body, headers);
  if (payload === undefined) return [];
  const renewed = renewIds(payload, type === "unparsable" ? undefined : type, seed === undefined ? {} : { seed });
  const edits = [...changes(payload, renewed, [])];
  if (edits.length > 0 || !Object.hasOwn(payload, ARTIFICIAL_ID)) return edits;
  return [...changes({ [ARTIFICIAL_ID]: undefined }, { [ARTIFICIAL_ID]: newId(seed) }, [])];
}

/** A field that no push of Airudder has. It makes test pushes differ if the ids of their type are not known: an app treats equal bodies as duplicates. */
const ARTIFICIAL_ID = "test_push";

/** A new id in the format of a `TaskID`. */
function newId(seed: number | undefined): string {
  return samplePush("call.completed", {}, seed === undefined ? {} : { seed }).TaskID;
}

function* changes(before: unknown, after: unknown, steps: string[]): Generator<Edit> {
  if (typeof before === "object" && before !== null) {
    for (const [name, value] of Object.entries(before))
      yield* changes(value, (after as Record<string, unknown>)[name], [...steps, name]);
  } else if (before !== after) yield { path: steps.join("."), steps, value: JSON.stringify(after), isJson: true };
}
