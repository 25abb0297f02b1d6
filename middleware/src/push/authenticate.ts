import { AirudderError } from "../errors.js";
import type { PushSchema } from "../generated/catalogue.js";
import { DEFAULT_KEY, verifySign } from "./sign.js";

/**
 * Your function to verify `X-AIRudder-Sign`, whose algorithm is not documented. It must synchronously return `true` if the signature is
 * correct. For any other result, such as a promise or an exception, the push is rejected with 401 `bad_sign`.
 */
export type HeaderSignVerifier = (value: string, raw: Buffer) => boolean;

/** How signatures are verified. */
export interface SignPolicy {
  readonly keys: readonly string[];
  readonly verify: "required" | "if-present" | "off";
  readonly verifyHeaderSign: HeaderSignVerifier | undefined;
}

/** The headers and the bytes that a signature is verified with. */
interface SignedBytes {
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  readonly raw: Buffer;
  /** Whether `raw` was re-serialised from the parsed body, because an earlier parser consumed the received bytes. */
  readonly reserialised: boolean;
}

/** The signature requirements of a schema. */
type SignRules = Pick<PushSchema, "sign" | "signRequired">;

/** Header of chatbot pushes. Its input and its algorithm are not documented. */
const HEADER_SIGN = "x-airudder-sign";

/**
 * Whether a push carries a correct signature. `false` if it carries none, or if it cannot be verified.
 * @param schema schema of the push; `undefined` for an unknown shape, which may still carry the header
 * @throws AirudderError `missing_sign`, `bad_sign`, `body_already_consumed`
 */
export function authenticate(
  schema: SignRules | undefined,
  payload: object,
  received: SignedBytes,
  policy: SignPolicy,
): boolean {
  if (policy.verify === "off") return false;
  const required = schema?.signRequired === true && policy.verify === "required";
  if (schema?.sign === "Sign" && checkSign(payload as { Sign?: unknown }, required, policy.keys)) return true;
  return policy.verifyHeaderSign !== undefined && checkHeaderSign(policy.verifyHeaderSign, schema, required, received);
}

function checkSign(payload: { Sign?: unknown }, required: boolean, keys: readonly string[]): boolean {
  if (payload.Sign === undefined || payload.Sign === null || payload.Sign === "") {
    if (!required) return false;
    throw new AirudderError("missing_sign", "The field Sign is missing.", {
      hint: 'Airudder signs pushes of this type. This one is from another sender, or was changed in transit. To accept it, set verify: "if-present".',
    });
  }
  if (verifySign(payload, keys)) return true;
  throw new AirudderError("bad_sign", "The field Sign does not match.", { hint: likelyCause(payload, keys) });
}

function checkHeaderSign(
  verify: HeaderSignVerifier,
  schema: SignRules | undefined,
  required: boolean,
  { headers, raw, reserialised }: SignedBytes,
): boolean {
  const value = headers[HEADER_SIGN];
  if (typeof value !== "string") {
    if (!required || schema?.sign !== "X-AIRudder-Sign") return false;
    throw new AirudderError("missing_sign", `The header ${HEADER_SIGN} is missing.`, {
      hint: 'The vendor\'s docs say that these pushes carry it. Check that no proxy removes it; verify: "if-present" accepts pushes without it.',
    });
  }
  const problem = problemOf(verify, value, raw);
  if (problem === undefined) return true;
  if (reserialised) {
    throw new AirudderError(
      "body_already_consumed",
      `An earlier parser consumed the body, so the header ${HEADER_SIGN} cannot be verified. Mount the receiver before it.`,
      {
        hint: "verifyHeaderSign needs the exact bytes. An earlier parser, such as express.json(), consumed them: mount the receiver before it.",
      },
    );
  }
  throw new AirudderError("bad_sign", `The header ${HEADER_SIGN} does not match.`, { hint: problem });
}

/** Returns the reason why the verifier did not confirm the signature; `undefined` if it did. */
function problemOf(verify: HeaderSignVerifier, value: string, raw: Buffer): string | undefined {
  let result: unknown;
  try {
    result = verify(value, raw);
  } catch (error) {
    return `verifyHeaderSign threw ${classAndCode(error)}. It must return true or false; compare lengths before you call timingSafeEqual.`;
  }
  if (result === true) return undefined;
  if (result instanceof Promise) {
    result.catch(() => undefined);
    return "verifyHeaderSign returned a promise. It must return true or false synchronously, as node:crypto's createHmac allows.";
  }
  return "verifyHeaderSign did not return true. Check it against the vendor's algorithm, over the exact bytes that it receives.";
}

/** Returns the class and the code of an error. The message is omitted, because it may contain personal data. */
function classAndCode(error: unknown): string {
  try {
    const { name, code } = error as { name?: unknown; code?: unknown };
    const words = [name, code].filter((word) => typeof word === "string" && /^\w{1,64}$/.test(word));
    return words.length > 0 ? words.join(" ") : "a value that is not an error";
  } catch {
    return "a value that is not an error";
  }
}

/** Returns the likely cause of a wrong signature, for the developer. It is not part of the response. */
export function likelyCause(payload: { TaskID?: unknown; Sign?: unknown }, keys: readonly string[]): string {
  if (typeof payload.TaskID !== "string") return "TaskID is missing or not a string, so Sign cannot be verified.";
  const trimmed = keys.map((key) => key.trim());
  if (trimmed.some((key, i) => key !== keys[i]) && verifySign(payload, trimmed)) {
    return "The key has white space around it. Without the white space, it matches. Trim the key.";
  }
  if (!keys.includes(DEFAULT_KEY) && verifySign(payload, DEFAULT_KEY)) {
    return "The push was signed with the vendor's published key. Ask the vendor to configure yours.";
  }
  if (typeof payload.Sign === "string" && !/^[0-9a-f]{32}$/i.test(payload.Sign)) {
    return "Sign is not an MD5 hash in hex: the push was redacted or made by hand.";
  }
  return keys.length > 1
    ? `None of the ${keys.length} keys matches.`
    : "Another key was used. Compare the key with the one agreed with the vendor.";
}
