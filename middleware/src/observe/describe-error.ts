import { redact } from "./redact.js";

const MAX_LOCATIONS = 8;

/** An error as text that is safe to print. */
interface ErrorText {
  /** Class, code and redacted message in one line. */
  readonly summary: string;
  /** Stack locations, one per line; empty if the error has none. */
  readonly locations: string;
}

const NO_TEXT = "A value that cannot be shown as text was thrown; throw an Error with a message.";

/** The message of any thrown value, not redacted. Never throws, even if the value cannot be converted to text. */
export function messageOf(thrown: unknown): string {
  return readMessage(thrown) ?? NO_TEXT;
}

function readMessage(thrown: unknown): string | undefined {
  try {
    return thrown instanceof Error ? `${thrown.message}` : String(thrown);
  } catch {
    return undefined;
  }
}

/** The class of an error; empty if the thrown value is not an error. */
export function classOf(thrown: unknown): string {
  try {
    if (!(thrown instanceof Error)) return "";
    const name = thrown.name === "Error" ? (thrown.constructor?.name ?? "Error") : thrown.name;
    return /^[\w$.]{1,64}$/.test(name) ? name : "Error";
  } catch {
    return "Error";
  }
}

function codeOf(thrown: unknown): string {
  try {
    const { code } = thrown as { code?: unknown };
    return (typeof code === "string" && /^[\w.-]{1,64}$/.test(code)) || typeof code === "number" ? ` [${code}]` : "";
  } catch {
    return "";
  }
}

/** The summaries that `describeError` returned. `describeThrown` reuses them, because it does not know the payload to redact. */
const described = new WeakMap<object, string>();

/** Describes an error for storage with its push: class, code and redacted message; at most 500 characters. */
export function describeThrown(thrown: unknown): string {
  const known = typeof thrown === "object" && thrown !== null ? described.get(thrown) : undefined;
  return (known ?? describeError(thrown, undefined).summary).slice(0, 500);
}

/** Describes a handler's error for printing. Payload values, phone numbers and e-mail addresses are redacted. */
export function describeError(thrown: unknown, payload: unknown): ErrorText {
  const parts: string[] = [];
  let error = thrown;
  for (let depth = 0; depth < 3 && error !== undefined && error !== null; depth++) {
    parts.push(`${classOf(error) || "thrown value"}${codeOf(error)}: ${redactMessage(error, payload)}`);
    error = causeOf(error);
  }
  const summary = (parts.join("; caused by ") || "undefined was thrown").replace(/[\p{Cc}\p{Cf}]+/gu, " ");
  if (typeof thrown === "object" && thrown !== null) described.set(thrown, summary);
  return { summary, locations: locationsOf(thrown) };
}

function redactMessage(error: unknown, payload: unknown): string {
  const message = readMessage(error);
  return message === undefined ? NO_TEXT : redact(message, payload);
}

function causeOf(error: unknown): unknown {
  try {
    return error instanceof Error ? error.cause : undefined;
  } catch {
    return undefined;
  }
}

function locationsOf(thrown: unknown): string {
  try {
    const { stack, message } = thrown as Error;
    if (typeof stack !== "string") return "";
    // Remove the message first: one of its lines may look like a location.
    const lines = stack
      .replace(message, "")
      .split("\n")
      .filter((line) => /^\s+at .*(?:\d+:\d+\)?|<anonymous>\)?|native\)?)$/.test(line));
    return lines.slice(0, MAX_LOCATIONS).join("\n");
  } catch {
    return "";
  }
}
