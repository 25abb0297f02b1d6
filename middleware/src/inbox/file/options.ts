import { AirudderError } from "../../errors.js";

/** Options of {@link fileInbox}. All are optional. */
export interface FileInboxOptions {
  /** How many pushes are handled at once, of different subjects. Default 16. */
  concurrency?: number;
  /** Tries after the first, before a push is dead. Default 5. */
  retries?: number;
  /** How long one try may take. Milliseconds; default 60,000. */
  timeoutMs?: number;
  /** The wait before the second try; each further one is twice as long. Milliseconds; default 1,000. */
  retryMs?: number;
  /** No wait between tries is longer. Milliseconds; default 60,000. */
  maxRetryMs?: number;
  /** Size at which a new file is begun; files are removed whole when all their pushes are done. Bytes; default 64 MB. */
  segmentBytes?: number;
}

const DEFAULTS: Required<FileInboxOptions> = {
  concurrency: 16,
  retries: 5,
  timeoutMs: 60_000,
  retryMs: 1_000,
  maxRetryMs: 60_000,
  segmentBytes: 64 * 1024 * 1024,
};

/** @throws AirudderError `invalid_option` */
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
    const otherwise = DEFAULTS[name as keyof FileInboxOptions];
    if (!Object.hasOwn(DEFAULTS, name)) {
      const names = Object.keys(DEFAULTS).join(", ");
      throw new AirudderError("invalid_option", `fileInbox(): unknown option "${name}". Options: ${names}.`);
    }
    const least = name === "retries" ? 0 : 1;
    if (value !== undefined && !(Number.isInteger(value) && value >= least && value <= 2 ** 31 - 1)) {
      throw new AirudderError(
        "invalid_option",
        `fileInbox(): option "${name}" must be a whole number from ${least}, such as ${otherwise}.`,
      );
    }
  }
  return { ...DEFAULTS, ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) };
}
