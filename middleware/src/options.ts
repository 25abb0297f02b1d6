import { AirudderError } from "./errors.js";
import type { PushType } from "./generated/types.js";
import type { Inbox } from "./inbox/inbox.js";
import type { Observer } from "./observe/events.js";
import type { HeaderSignVerifier, SignPolicy } from "./push/authenticate.js";
import { TYPES } from "./push/identify.js";
import { DEFAULT_KEY } from "./push/sign.js";

/** Options of {@link airudder}. All are optional. */
export interface AirudderOptions<Transaction = undefined> {
  /**
   * The KEY that you agreed with the vendor, for `Sign`. Pass several while you rotate it. Default: the vendor's published key `airudder`,
   * with a warning: anybody can sign with it.
   */
  key?: string | readonly string[] | undefined;
  /**
   * A secret that each request must carry as `?token=…`, at the end of the path as `/t/…`, or in the header `Airudder-Token`. It is the
   * only protection of pushes without a signature. `false`: no token, and no warning about it. Default: no token, with a warning.
   */
  token?: string | false | undefined;
  /** Stores accepted pushes until they are handled. Default: none. Handlers then run before the response (direct mode). */
  inbox?: Inbox<Transaction> | undefined;
  /**
   * `false`: this process stores pushes in the inbox, and handles none until you call `receiver.work()`. Other processes with the same inbox
   * handle them. Default: `true`.
   */
  work?: boolean | undefined;
  /** The type of every push of this mount, for types whose shape is not known. Default: identified by shape. */
  type?: PushType | undefined;
  /**
   * How signatures are verified. Default: `required`.
   *
   * - `required`: if the type carries a signature, a push with a missing or wrong one is rejected.
   * - `if-present`: a missing signature is accepted, a wrong one is rejected.
   * - `off`: signatures are not verified.
   */
  verify?: "required" | "if-present" | "off" | undefined;
  /** Verifies the header `X-AIRudder-Sign`, whose algorithm is not documented. Return `true` to accept a push. Default: not verified. */
  verifyHeaderSign?: HeaderSignVerifier | undefined;
  /**
   * Whether replays (header `Airudder-Replay`) are accepted: `true` from every peer, `false` from none (403 `replay_not_allowed`).
   * Default: only from loopback addresses, and from none if `NODE_ENV` starts with `prod`.
   */
  allowReplays?: boolean | undefined;
  /** Maximum size of a body, before and after decompression. Bytes; default 1,048,576. */
  maxBodyBytes?: number | undefined;
  /** Maximum time for a body to arrive. If `deadlineMs` is lower, it applies instead. Milliseconds; default 8,000. */
  bodyTimeoutMs?: number | undefined;
  /** Maximum time from when the receiver is called to the response. After it, the response is 503 `busy`. Milliseconds; default 8,000. */
  deadlineMs?: number | undefined;
  /**
   * A push is a duplicate if it is byte-identical to the last push of its subject and arrives within this time. Milliseconds; default
   * 3,600,000; 0 turns detection off.
   */
  duplicateWindowMs?: number | undefined;
  /** Receives every event. Events contain no payload values, except in `error`. Default: none. */
  observe?: Observer | undefined;
  /** `false` turns off the warnings on standard error. Default: `true`. */
  warnings?: boolean | undefined;
}

/** Options after checking, with their defaults. */
export interface ReceiverSettings {
  readonly sign: SignPolicy;
  readonly token: string | undefined;
  readonly inbox: Inbox | undefined;
  /** Whether this process handles the pushes of its inbox. */
  readonly work: boolean;
  readonly type: PushType | undefined;
  /** `loopback`: accepted only from loopback addresses. */
  readonly allowReplays: boolean | "loopback";
  readonly maxBodyBytes: number;
  readonly bodyTimeoutMs: number;
  readonly deadlineMs: number;
  readonly duplicateWindowMs: number;
  readonly observe: Observer | undefined;
  readonly warnings: boolean;
  /** Whether the option `key` was not set. */
  readonly isKeyUnset: boolean;
  /** Whether the option `token` was not set. */
  readonly isTokenUnset: boolean;
}

const OPTION_NAMES = new Set<string>([
  "key",
  "token",
  "inbox",
  "work",
  "type",
  "verify",
  "verifyHeaderSign",
  "allowReplays",
  "maxBodyBytes",
  "bodyTimeoutMs",
  "deadlineMs",
  "duplicateWindowMs",
  "observe",
  "warnings",
] satisfies (keyof AirudderOptions)[]);

function invalid(name: string, expected: string): never {
  throw new AirudderError("invalid_option", `airudder(): option "${name}" must be ${expected}.`);
}

function checkKeys(key: AirudderOptions["key"]): readonly string[] {
  if (key === undefined) return [DEFAULT_KEY];
  const keys = typeof key === "string" ? [key] : key;
  const isValid =
    Array.isArray(keys) && keys.length > 0 && keys.every((each) => typeof each === "string" && each !== "");
  return isValid
    ? keys
    : invalid("key", 'a non-empty string or a list of them, such as process.env.AIRUDDER_KEY or ["new", "old"]');
}

function checkNumber(name: string, value: number | undefined, defaultValue: number, min: number): number {
  if (value === undefined) return defaultValue;
  const isValid = typeof value === "number" && value >= min && value <= 2 ** 31 - 1;
  return isValid ? value : invalid(name, `a number from ${min} to 2147483647, such as ${defaultValue}`);
}

function checkFunction<T>(name: string, value: T | undefined, example: string): T | undefined {
  return value === undefined || typeof value === "function" ? value : invalid(name, `a function, such as ${example}`);
}

const usedInboxes = new WeakSet<Inbox>();

/** Rejects an inbox that another receiver uses: each receiver would get pushes that only the other can handle. */
function checkInbox(inbox: Inbox): void {
  const isInbox = [inbox?.open, inbox?.put, inbox?.consume, inbox?.close].every(
    (method) => typeof method === "function",
  );
  if (!isInbox) invalid("inbox", 'an inbox, such as fileInbox("./airudder-inbox")');
  if (usedInboxes.has(inbox))
    invalid("inbox", "an inbox that no other receiver uses. Create one for each receiver, in separate folders");
  usedInboxes.add(inbox);
}

/**
 * Checks the options and fills in the defaults.
 * @throws AirudderError `invalid_option`, naming the option and a valid value
 */
export function checkOptions<Transaction>(options: AirudderOptions<Transaction>): ReceiverSettings {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new AirudderError(
      "invalid_option",
      "airudder(): the options must be an object, such as { key: process.env.AIRUDDER_KEY }.",
    );
  }
  for (const name of Object.keys(options)) {
    if (!OPTION_NAMES.has(name)) {
      throw new AirudderError(
        "invalid_option",
        `airudder(): unknown option "${name}". Options: ${[...OPTION_NAMES].join(", ")}.`,
      );
    }
  }
  const { token, type, work = true, verify = "required", allowReplays, warnings = true } = options;
  if (token !== undefined && token !== false && (typeof token !== "string" || token === ""))
    invalid("token", "a non-empty string, such as process.env.AIRUDDER_TOKEN, or false for none");
  const inbox = options.inbox as Inbox | undefined;
  if (inbox !== undefined) checkInbox(inbox);
  if (typeof work !== "boolean") invalid("work", "true or false");
  if (!work && inbox === undefined)
    invalid("work", "true without an inbox: pushes that are not handled must be stored");
  if (type !== undefined && !TYPES.includes(type)) invalid("type", `one of ${TYPES.join(", ")}`);
  if (!["required", "if-present", "off"].includes(verify)) invalid("verify", '"required", "if-present" or "off"');
  if (allowReplays !== undefined && typeof allowReplays !== "boolean") invalid("allowReplays", "true or false");
  if (typeof warnings !== "boolean") invalid("warnings", "true or false");
  return {
    sign: {
      keys: checkKeys(options.key),
      verify,
      verifyHeaderSign: checkFunction("verifyHeaderSign", options.verifyHeaderSign, "(value, raw) => boolean"),
    },
    isKeyUnset: options.key === undefined,
    token: token === false ? undefined : token,
    isTokenUnset: token === undefined,
    warnings,
    inbox,
    work,
    type,
    allowReplays: allowReplays ?? (/^\s*prod/i.test(process.env.NODE_ENV ?? "") ? false : "loopback"),
    maxBodyBytes: checkNumber("maxBodyBytes", options.maxBodyBytes, 1_048_576, 1),
    bodyTimeoutMs: checkNumber("bodyTimeoutMs", options.bodyTimeoutMs, 8_000, 1),
    deadlineMs: checkNumber("deadlineMs", options.deadlineMs, 8_000, 1),
    duplicateWindowMs: checkNumber("duplicateWindowMs", options.duplicateWindowMs, 3_600_000, 0),
    observe: checkFunction("observe", options.observe, "(event) => log.info(event)"),
  };
}
