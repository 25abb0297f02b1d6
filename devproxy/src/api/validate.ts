import { describePush } from "airudder-webhooks/inspect";
import { jsonErrorPosition } from "../config/index.js";
import { isValidJson } from "../privacy/index.js";
import { parseTestType } from "../trigger/index.js";
import type { ApiContext } from "./context.js";
import { ApiFailure, usage } from "./failure.js";
import { findPush } from "./find-push.js";
import { checkMembers } from "./members.js";
import type { ApiRequest } from "./request.js";
import { restorePlaceholders } from "./restore.js";
import type { ValidateRequest, ValidateResponse } from "./types.js";

/** Maximum size of a body, bytes. */
const MAX_BODY_BYTES = 10 * 1024 * 1024;

/** The check that runs. A check of a large body takes time and memory, so they run one after another. */
let running: Promise<unknown> = Promise.resolve();

/** `POST /validate` */
export async function validateBody(request: ApiRequest): Promise<ValidateResponse> {
  const given = await request.json();
  checkMembers(given, { type: "text", body: "text", id: "text" });
  const { type, body: text, id } = given as Partial<ValidateRequest>;
  if (text === undefined) throw usage("body must be a text.");
  if (Buffer.byteLength(text) > MAX_BODY_BYTES)
    throw new ApiFailure(413, "too_large", `The body is larger than ${MAX_BODY_BYTES / 1024 / 1024} MB.`);
  const check = running.then(async () => {
    // Other requests are answered between two checks.
    await new Promise((resolve) => setImmediate(resolve));
    if (request.response.destroyed) throw usage("The client has disconnected.");
    return resultOf(request.context, text, { type, id });
  });
  running = check.catch(() => undefined);
  return check;
}

async function resultOf(
  { key, store, redacting }: ApiContext,
  text: string,
  { type, id }: { type: string | undefined; id: string | undefined },
): Promise<ValidateResponse> {
  if (!isValidJson(text)) {
    const { line, column } = jsonErrorPosition(text) ?? { line: 1, column: 1 };
    const message = `The text is not JSON: see line ${line}, column ${column}.`;
    return { json: { line, column, message }, type: "unparsable", mismatches: [], quarantined: false, sign: "none" };
  }
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
