import { AirudderError } from "./errors.js";
import { catalogue } from "./generated/catalogue.js";
import type { PushType } from "./generated/types.js";
import type { Inbox } from "./inbox/inbox.js";
import type { Observer } from "./observe/events.js";
import type { HeaderSignVerifier, SignPolicy } from "./push/authenticate.js";
import { DEFAULT_KEY } from "./push/sign.js";

/** Options of {@link airudder}. All are optional. */
export interface AirudderOptions {
  /**
   * The KEY that was agreed with the vendor, for `Sign`; several while it is rotated. Default: the vendor's public `airudder`, which
   * protects nothing, since anybody can sign with it: a warning says so once.
   */
  key?: string | readonly string[] | undefined;
  /** A secret that the sender's URL must carry as `?token=…`: the only defence of pushes that carry no signature. Default: none. */
  token?: string | undefined;
  /** Where accepted pushes wait until they are handled. Default: none, "direct": the handler runs before the answer. */
  inbox?: Inbox | undefined;
  /** The type of every push that comes to this mount, for those whose shape does not tell. Default: told by the shape. */
  type?: PushType | undefined;
  /**
   * `required`: a push of a type that carries a signature is refused without a right one. `if-present`: a missing one is let through,
   * a wrong one is refused. `off`: none is looked at. Default: `required`.
   */
  verify?: "required" | "if-present" | "off" | undefined;
  /** Checks `X-AIRudder-Sign`, whose algorithm the docs do not say. Default: not checked. */
  verifyHeaderSign?: HeaderSignVerifier | undefined;
  /** Whether the header `Airudder-Replay` is honoured. Default: not when `NODE_ENV` is `production`. */
  allowReplays?: boolean | undefined;
  /** Largest body, also after inflating. Bytes; default 1,048,576. */
  maxBodyBytes?: number | undefined;
  /** How long a body may take to come in. Milliseconds; default 8,000. */
  bodyTimeoutMs?: number | undefined;
  /** Direct mode: how long the sender waits for the handler before it is told to come again. Milliseconds; default 8,000. */
  deadlineMs?: number | undefined;
  /** How long a byte-identical copy of a subject's last push is a duplicate. Milliseconds; default 3,600,000; 0 turns it off. */
  duplicateWindowMs?: number | undefined;
  /** Is told everything that happens to a push. It must not throw, and gets no personal data. Default: none. */
  observe?: Observer | undefined;
}

/** Options after checking, with their defaults. */
export interface Settings {
  readonly sign: SignPolicy;
  readonly token: string | undefined;
  readonly inbox: Inbox | undefined;
  readonly type: PushType | undefined;
  readonly allowReplays: boolean;
  readonly maxBodyBytes: number;
  readonly bodyTimeoutMs: number;
  readonly deadlineMs: number;
  readonly duplicateWindowMs: number;
  readonly observe: Observer | undefined;
  /** Whether no key was given. */
  readonly usesDefaultKey: boolean;
}

const NAMES = new Set<string>([
  "key",
  "token",
  "inbox",
  "type",
  "verify",
  "verifyHeaderSign",
  "allowReplays",
  "maxBodyBytes",
  "bodyTimeoutMs",
  "deadlineMs",
  "duplicateWindowMs",
  "observe",
] satisfies (keyof AirudderOptions)[]);

function invalid(name: string, wanted: string): never {
  throw new AirudderError("invalid_option", `airudder(): option "${name}" must be ${wanted}.`);
}

function checkKeys(key: AirudderOptions["key"]): readonly string[] {
  if (key === undefined) return [DEFAULT_KEY];
  const keys = typeof key === "string" ? [key] : key;
  const isRight =
    Array.isArray(keys) && keys.length > 0 && keys.every((each) => typeof each === "string" && each !== "");
  return isRight
    ? keys
    : invalid("key", 'a non-empty string or a list of them, such as process.env.AIRUDDER_KEY or ["new", "old"]');
}

function checkNumber(name: string, value: number | undefined, otherwise: number, least: number): number {
  if (value === undefined) return otherwise;
  const isRight = typeof value === "number" && value >= least && value <= 2 ** 31 - 1;
  return isRight ? value : invalid(name, `a number from ${least} to 2147483647, such as ${otherwise}`);
}

function checkFunction<T>(name: string, value: T | undefined, example: string): T | undefined {
  return value === undefined || typeof value === "function" ? value : invalid(name, `a function, such as ${example}`);
}

const taken = new WeakSet<Inbox>();

/** An inbox hands each push to one receiver: with two, pushes of one would be done that only the other can handle. */
function checkInbox(inbox: Inbox): void {
  const isInbox = [inbox?.put, inbox?.consume, inbox?.close].every((method) => typeof method === "function");
  if (!isInbox) invalid("inbox", 'an inbox, such as fileInbox("./airudder-inbox")');
  if (taken.has(inbox)) invalid("inbox", "an inbox of its own: this one has a receiver already; give each its folder");
  taken.add(inbox);
}

/** Every push type. */
export const TYPES: readonly string[] = [...new Set(catalogue.map(({ type }) => type)), "unknown"];

/**
 * Checks the options and fills in the defaults.
 * @throws AirudderError `invalid_option`, naming the option and a right value
 */
export function checkOptions(options: AirudderOptions): Settings {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    invalid("options", "an object, such as { key: process.env.AIRUDDER_KEY }");
  for (const name of Object.keys(options)) {
    if (!NAMES.has(name)) {
      throw new AirudderError(
        "invalid_option",
        `airudder(): unknown option "${name}". Options: ${[...NAMES].join(", ")}.`,
      );
    }
  }
  const { token, inbox, type, verify = "required", allowReplays } = options;
  if (token !== undefined && (typeof token !== "string" || token === ""))
    invalid("token", "a non-empty string, such as process.env.AIRUDDER_TOKEN");
  if (inbox !== undefined) checkInbox(inbox);
  if (type !== undefined && !TYPES.includes(type)) invalid("type", `one of ${TYPES.join(", ")}`);
  if (!["required", "if-present", "off"].includes(verify)) invalid("verify", '"required", "if-present" or "off"');
  if (allowReplays !== undefined && typeof allowReplays !== "boolean") invalid("allowReplays", "true or false");
  return {
    sign: {
      keys: checkKeys(options.key),
      verify,
      verifyHeaderSign: checkFunction("verifyHeaderSign", options.verifyHeaderSign, "(value, raw) => boolean"),
    },
    usesDefaultKey: options.key === undefined,
    token,
    inbox,
    type,
    allowReplays: allowReplays ?? process.env.NODE_ENV !== "production",
    maxBodyBytes: checkNumber("maxBodyBytes", options.maxBodyBytes, 1_048_576, 1),
    bodyTimeoutMs: checkNumber("bodyTimeoutMs", options.bodyTimeoutMs, 8_000, 1),
    deadlineMs: checkNumber("deadlineMs", options.deadlineMs, 8_000, 1),
    duplicateWindowMs: checkNumber("duplicateWindowMs", options.duplicateWindowMs, 3_600_000, 0),
    observe: checkFunction("observe", options.observe, "(event) => log.info(event)"),
  };
}
