import { AirudderError } from "../../errors.js";

/** Options of {@link fileInbox}. All are optional. */
export interface FileInboxOptions {
  /** Maximum number of pushes that are handled in parallel, of different subjects. Default 16. */
  concurrency?: number;
  /** Maximum number of retries after the first attempt; then the push is dead. Default 5. */
  retries?: number;
  /** Time limit of one attempt. Milliseconds; default 60,000. */
  timeoutMs?: number;
  /** Delay before the first retry; each further delay is twice as long. Milliseconds; default 1,000. */
  retryMs?: number;
  /** Maximum delay between attempts. Milliseconds; default 60,000. */
  maxRetryMs?: number;
  /** Size at which a journal segment is closed. It is dropped when all its pushes are finished. Bytes; default 64 MiB. */
  segmentBytes?: number;
}

/** Maximum value of every option: the maximum delay of `setTimeout`. */
const MAX_VALUE = 2 ** 31 - 1;

const DEFAULTS: Required<FileInboxOptions> = {
  concurrency: 16,
  retries: 5,
  timeoutMs: 60_000,
  retryMs: 1_000,
  maxRetryMs: 60_000,
  segmentBytes: 64 * 1024 * 1024,
};

/**
 * Checks the folder and the options of an inbox, and adds the defaults.
 * @throws AirudderError `invalid_option`
 */
export function checkFileInboxOptions(dir: unknown, options: FileInboxOptions): Required<FileInboxOptions> {
  if (typeof dir !== "string" || dir === "") {
    throw new AirudderError(
      "invalid_option",
      'fileInbox(): the folder must be a non-empty string, such as "./airudder-inbox".',
    );
  }
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new AirudderError(
      "invalid_option",
      "fileInbox(): the options must be an object, such as { concurrency: 8 }.",
    );
  }
  for (const [name, value] of Object.entries(options)) {
    const defaultValue = DEFAULTS[name as keyof FileInboxOptions];
    if (!Object.hasOwn(DEFAULTS, name)) {
      const names = Object.keys(DEFAULTS).join(", ");
      throw new AirudderError("invalid_option", `fileInbox(): unknown option "${name}". Options: ${names}.`);
    }
    const min = name === "retries" ? 0 : 1;
    if (value !== undefined && !(Number.isInteger(value) && value >= min && value <= MAX_VALUE)) {
      throw new AirudderError(
        "invalid_option",
        `fileInbox(): option "${name}" must be a whole number from ${min} to ${MAX_VALUE}, such as ${defaultValue}.`,
      );
    }
  }
  return { ...DEFAULTS, ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) };
}
