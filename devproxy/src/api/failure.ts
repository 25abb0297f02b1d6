import { JournalError } from "airudder-webhooks/journal";
import { DevproxyError } from "../errors.js";
import { isDropped } from "../journal/index.js";
import type { ApiError, EndLine } from "./types.js";

/** An error response of the API. */
export class ApiFailure extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** The error for a wrong parameter or body. */
export function usage(message: string): ApiFailure {
  return new ApiFailure(400, "usage", message);
}

/** HTTP statuses by error code. Default: 400 for errors with the exit code 2, else 500. */
const STATUSES: Readonly<Record<string, number>> = {
  usage: 400,
  app_down: 409,
  pin_exists: 409,
  pin_damaged: 500,
  bad_schema: 500,
};

/** Turns any error into the error that the API responds with. The message of an unexpected error is not included: it may quote data. */
export function failureOf(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) return error;
  if (error instanceof DevproxyError)
    return new ApiFailure(STATUSES[error.code] ?? (error.exit === 2 ? 400 : 500), error.code, error.message);
  if (isDropped(error))
    return new ApiFailure(404, "not_found", "The push was removed from the journal meanwhile (--keep).");
  if (error instanceof JournalError) return new ApiFailure(500, error.code, error.message);
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return new ApiFailure(500, "internal", `The request failed${typeof code === "string" ? ` (${code})` : ""}.`);
}

/** The body of an error response. */
export function errorBody(error: unknown): ApiError {
  const { code, message } = failureOf(error);
  return { error: { code, message, exit: exitOf(error) } };
}

/** The last line of a response that failed after it began. */
export function errorLine(error: unknown): EndLine {
  const { code, message } = failureOf(error);
  return { event: "error", code, message, exit: exitOf(error) };
}

/** The exit code of a command that gets this error. */
function exitOf(error: unknown): number {
  if (error instanceof DevproxyError) return error.exit;
  if (error instanceof JournalError) return 3;
  return error instanceof ApiFailure && error.status < 500 ? 2 : 1;
}
