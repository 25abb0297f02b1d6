/**
 * Exit codes of the command line:
 * - 1: a check failed, or the command did not complete.
 * - 2: wrong usage.
 * - 3: the journal is missing, locked, unreadable or not writable.
 */
export type ExitCode = 1 | 2 | 3;

/**
 * An error that the user can fix. Its message says what happened, where, and how to fix it, on one line.
 * @param code stable identifier of the error
 * @param exit exit code of the command line if the error ends a command
 */
export class DevproxyError extends Error {
  override readonly name = "DevproxyError";

  constructor(
    readonly code: string,
    message: string,
    readonly exit: ExitCode = 2,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The error for a wrong value on the command line or a wrong option of `startDevproxy`. */
export function usageError(message: string): DevproxyError {
  return new DevproxyError("usage", message, 2);
}
