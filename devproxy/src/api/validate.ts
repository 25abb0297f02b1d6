import { describePush } from "airudder-webhooks/inspect";
import { jsonErrorPosition } from "../config/index.js";
import { isValidJson } from "../privacy/index.js";
import { parseTestType } from "../trigger/index.js";
import { usage } from "./failure.js";
import { findPush } from "./find-push.js";
import { checkMembers } from "./members.js";
import type { ApiRequest } from "./request.js";
import { restorePlaceholders } from "./restore.js";
import type { ValidateRequest, ValidateResponse } from "./types.js";

/** `POST /validate` */
export async function validateBody(request: ApiRequest): Promise<ValidateResponse> {
  const given = await request.json();
  checkMembers(given, { type: "text", body: "text", id: "text" });
  const { type, body: text, id } = given as Partial<ValidateRequest>;
  if (text === undefined) throw usage("body must be a text.");
  if (!isValidJson(text)) {
    const { line, column } = jsonErrorPosition(text) ?? { line: 1, column: 1 };
    const message = `The text is not JSON: see line ${line}, column ${column}.`;
    return { json: { line, column, message }, type: "unparsable", mismatches: [], quarantined: false, sign: "none" };
  }
  const { key, store, redacting } = request.context;
  const row = id === undefined ? undefined : findPush(store.index, id);
  const body = row === undefined ? text : restorePlaceholders(text, row, await store.content(row.location), redacting);
  const options = {
    ...(key === undefined ? {} : { key }),
    ...(type === undefined || type === "unparsable" ? {} : { type: parseTestType(type).type }),
  };
  const found = describePush(Buffer.from(body), {}, options);
  const { Sign } = (found.payload ?? {}) as { Sign?: unknown };
  return {
    json: true,
    type: found.type,
    mismatches: [...found.drift],
    quarantined: found.quarantined,
    sign: found.verified ? "valid" : Sign === undefined ? "none" : "invalid",
  };
}
