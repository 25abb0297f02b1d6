import { redact } from "./redact.js";

const MAX_LOCATIONS = 8;

/** What may be printed of an error. */
export interface ErrorText {
  /** Class, code and redacted message in one line. */
  readonly summary: string;
  /** Stack locations, one a line; empty where the error has none. */
  readonly locations: string;
}

/** The message of whatever was thrown. Never throws, though the value may have no text. */
export function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? `${thrown.message}` : String(thrown);
  } catch {
    return "A value that cannot be shown as text was thrown; throw an Error with a message.";
  }
}

/** The class of an error; empty for a thrown value that is no error. */
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

/** Class and message as they are stored with a push: at most 500 characters. */
export function describeThrown(thrown: unknown): string {
  const kind = classOf(thrown);
  return (kind === "" ? messageOf(thrown) : `${kind}: ${messageOf(thrown)}`).slice(0, 500);
}

/** What may be printed of a handler's error: values of the payload, phone numbers and e-mail addresses are replaced. */
export function describeError(thrown: unknown, payload: unknown): ErrorText {
  const parts: string[] = [];
  let error = thrown;
  for (let depth = 0; depth < 3 && error !== undefined && error !== null; depth++) {
    parts.push(`${classOf(error) || "thrown value"}${codeOf(error)}: ${redact(messageOf(error), payload)}`);
    error = causeOf(error);
  }
  const summary = (parts.join("; caused by ") || "undefined was thrown").replace(/[\p{Cc}\p{Cf}]+/gu, " ");
  return { summary, locations: locationsOf(thrown) };
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
    // A message of several lines may look like a location.
    const lines = stack
      .replace(message, "")
      .split("\n")
      .filter((line) => /^\s+at .*(?:\d+:\d+\)?|<anonymous>\)?|native\)?)$/.test(line));
    return lines.slice(0, MAX_LOCATIONS).join("\n");
  } catch {
    return "";
  }
}
