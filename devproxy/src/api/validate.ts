import { describePush } from "airudder-webhooks/inspect";
import { isValidJson } from "../privacy/index.js";
import { jsonErrorPosition, parseTestType } from "../trigger/index.js";
import { usage } from "./failure.js";
import type { ApiRequest } from "./request.js";
import type { ValidateResponse } from "./types.js";

/** `POST /validate` */
export async function validateBody(request: ApiRequest): Promise<ValidateResponse> {
  const { type, body } = await request.json();
  if (typeof body !== "string") throw usage("body must be a text.");
  if (type !== undefined && typeof type !== "string") throw usage("type must be the name of a type.");
  if (!isValidJson(body)) {
    const { line, column } = jsonErrorPosition(body) ?? { line: 1, column: 1 };
    const message = `The text is not JSON: see line ${line}, column ${column}.`;
    return { json: { line, column, message }, type: "unparsable", mismatches: [], quarantined: false, sign: "none" };
  }
  const { key } = request.context;
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
