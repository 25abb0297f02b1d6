import { AirudderError } from "../errors.js";
import type { PushSchema } from "../generated/catalogue.js";
import { DEFAULT_KEY, verifySign } from "./sign.js";

/** Checks a signature that this package knows no algorithm for. */
export type HeaderSignVerifier = (value: string, raw: Buffer) => boolean;

/** How signatures are checked. */
export interface SignPolicy {
  readonly keys: readonly string[];
  readonly verify: "required" | "if-present" | "off";
  readonly verifyHeaderSign: HeaderSignVerifier | undefined;
}

type Headers = { readonly [name: string]: string | string[] | undefined };

/** Header of chatbot pushes. What it is computed from, and how, is not documented. */
const HEADER_SIGN = "x-airudder-sign";

/**
 * Whether a push's signature was there and right; `false` for a push that carries none.
 * @throws AirudderError `missing_sign`, `bad_sign`
 */
export function authenticate(
  schema: PushSchema | undefined,
  payload: object,
  headers: Headers,
  raw: Buffer,
  policy: SignPolicy,
): boolean {
  if (policy.verify === "off" || schema === undefined) return false;
  if (schema.sign === "Sign") return checkSign(payload as { Sign?: unknown }, policy);
  if (policy.verifyHeaderSign === undefined) return false;
  const value = headers[HEADER_SIGN];
  if (typeof value === "string") return checkHeaderSign(policy.verifyHeaderSign, value, raw);
  if (schema.sign === "X-AIRudder-Sign" && policy.verify === "required") {
    throw new AirudderError("missing_sign", `The header ${HEADER_SIGN} is missing.`);
  }
  return false;
}

function checkSign(payload: { Sign?: unknown }, policy: SignPolicy): boolean {
  if (payload.Sign === undefined || payload.Sign === "") {
    if (policy.verify === "if-present") return false;
    throw new AirudderError("missing_sign", "The field Sign is missing.");
  }
  if (verifySign(payload, policy.keys)) return true;
  throw new AirudderError("bad_sign", "The field Sign does not match.", { hint: likelyMistake(payload, policy.keys) });
}

function checkHeaderSign(verify: HeaderSignVerifier, value: string, raw: Buffer): boolean {
  const verdict: unknown = verify(value, raw);
  if (verdict === true) return true;
  if (verdict instanceof Promise) {
    verdict.catch(() => undefined);
    throw new AirudderError("bad_sign", `The header ${HEADER_SIGN} could not be checked.`, {
      hint: "verifyHeaderSign returned a promise: it must return true or false at once, as node:crypto's createHmac lets it.",
    });
  }
  throw new AirudderError("bad_sign", `The header ${HEADER_SIGN} does not match.`, {
    hint: "verifyHeaderSign did not return true: check it with the vendor's algorithm, over the exact bytes it is given.",
  });
}

/** What the receiver's owner most likely has to mend. Only for its eyes: a sender that guesses learns nothing. */
function likelyMistake(payload: { TaskID?: unknown; Sign?: unknown }, keys: readonly string[]): string {
  if (typeof payload.TaskID !== "string") return "TaskID is missing or no string: nothing can be verified.";
  const trimmed = keys.map((key) => key.trim());
  if (trimmed.some((key, i) => key !== keys[i]) && verifySign(payload, trimmed)) {
    return "The key has white space around it: without that it matches. Trim the key option.";
  }
  if (!keys.includes(DEFAULT_KEY) && verifySign(payload, DEFAULT_KEY)) {
    return "It was signed with the vendor's public default key: ask the vendor to configure yours.";
  }
  if (typeof payload.Sign === "string" && !/^[0-9a-f]{32}$/i.test(payload.Sign)) {
    return "Sign is no md5 in hex: a masked or hand-made push.";
  }
  return keys.length > 1
    ? `None of the ${keys.length} keys matches.`
    : "Another key was used: compare the key option with the one agreed with the vendor.";
}
