import { verifySign } from "airudder-webhooks";
import { describePush } from "airudder-webhooks/inspect";
import type { Content } from "airudder-webhooks/journal";
import type { NoteEvent } from "../events.js";
import { isSigned } from "../replay/index.js";
import type { BuildOptions, PushBuilder } from "./builder.js";
import type { PushSource } from "./source.js";

/** Maximum number of notes about differences from the schema. */
const MAX_DIFFERENCES = 5;

/**
 * Notes about the pushes for the user: undocumented bodies, unexpected types, differences from the schema, unchanged ids, and signatures
 * that the app may reject. Contains no values of the payload.
 */
export function pushNotes(source: PushSource, builder: PushBuilder, options: BuildOptions): NoteEvent[] {
  const { first } = builder;
  return [
    ...documentationNotes(source),
    ...typeNotes(source, first),
    ...schemaNotes(source, first),
    ...idNotes(source, first),
    ...signNotes(source, builder, options),
  ].map(([code, message]) => ({ event: "note", code, message }));
}

type Note = [code: string, message: string];

function documentationNotes({ name, type, schema, isNew }: PushSource): Note[] {
  if (!isNew) return [];
  if (type === "unknown") {
    return [
      ["undocumented", "The body of an unknown push contains only an artificial field. Give your own with --file."],
    ];
  }
  if (schema?.provenance === "unknown") {
    const what = "is not documented. This push contains only the known fields and artificial ones";
    return [
      ["undocumented", `The body of ${name} ${what}. Give a real body with --file, or a recorded one with --from.`],
    ];
  }
  if (schema?.sign === "X-AIRudder-Sign") {
    const what = "The algorithm of X-AIRudder-Sign is not documented, so the push is sent without this header";
    return [["no_header_sign", `${what}. An app with verifyHeaderSign rejects it.`]];
  }
  if (schema?.provenance !== "inferred") return [];
  return [["inferred", `The docs do not describe ${name} completely. Source of its schema: ${schema.source}.`]];
}

function typeNotes({ name, type, schema }: PushSource, { body, headers }: Content): Note[] {
  const found = describePush(body, headers).type;
  if (found === "unparsable") return [["unparsable", `The body of ${name} is not a JSON object.`]];
  if (found === type) return [];
  const canBeIdentified = schema === undefined || schema.identify.length > 0;
  if (canBeIdentified)
    return [["other_type", `The body is identified as ${found}, not as ${type}: an app handles it as ${found}.`]];
  const advice = `An app handles it as ${type} only where it is mounted with type: "${type}"`;
  return [["not_identified", `The shape of ${type} is not known, so the push is identified as ${found}. ${advice}.`]];
}

function schemaNotes({ name, type }: PushSource, { body, headers }: Content): Note[] {
  const { drift, quarantined } = describePush(body, headers, { type });
  const listed = drift.slice(0, MAX_DIFFERENCES).map(({ path, expected, got }): Note => {
    return ["differs", `${name} differs from the schema at ${path}: ${expected} expected, ${got} given`];
  });
  if (drift.length > MAX_DIFFERENCES)
    listed.push(["differs", `and ${drift.length - MAX_DIFFERENCES} more differences`]);
  if (quarantined) listed.push(["quarantined", `${name} lacks what handlers need: airudder-webhooks quarantines it.`]);
  return listed;
}

function idNotes({ name, newIds, isNew, content }: PushSource, first: Content): Note[] {
  if (!newIds || isNew || !first.body.equals(content.body)) return [];
  return [
    ["same_ids", `${name} has no ids that are known, so it is sent unchanged: an app may treat it as a duplicate.`],
  ];
}

function signNotes({ name, content }: PushSource, builder: PushBuilder, { key, agreedKey }: BuildOptions): Note[] {
  const [before = {}, after = {}] = [content, builder.first].map(
    ({ body, headers }) => describePush(body, headers).payload,
  );
  if (builder.sets("Sign")) return [];
  if (key !== undefined)
    return isSigned(after) ? [] : [["nothing_to_sign", `--key signs only pushes that carry a Sign: ${name} does not.`]];
  const { TaskID, Sign } = after as { TaskID?: unknown; Sign?: unknown };
  const isResigned = isSigned(before) && isSigned(after) && (before.TaskID !== TaskID || before.Sign !== Sign);
  if (!isResigned || verifySign(before, agreedKey)) return [];
  const which = agreedKey === undefined ? "the vendor's published key" : "the key in AIRUDDER_KEY";
  const what = `${name} is signed again with ${which}. Its own Sign was made with another key`;
  return [["signed_with_other_key", `${what}: use --key with that key.`]];
}
