import { headOf, storedOf } from "../inbox/file/records.js";
import type { StoredPush } from "../inbox/inbox.js";
import type { PushHead } from "../journal/index.js";
import { type ContentJson, contentJson, contentOf } from "../journal/lines.js";

/** Version of the format. A job of a higher version is not handled. */
const VERSION = 1;

/** An attempt that ran alone, recorded before it started. See `suspect.ts`. */
export interface AloneAttempt {
  /** How often the job had stalled. */
  readonly stalls: number;
  /** The job's failed attempts. */
  readonly failures: number;
  /** Earlier attempts that ran alone and did not end. */
  readonly interrupted: number;
}

/** The data of a job: the push with the fields of a journal record, and what the inbox knows about it. */
export interface JobData extends Omit<PushHead, "seq">, ContentJson {
  readonly version: number;
  /** Whether the push was dead and was retried. */
  readonly isRetry?: boolean;
  readonly alone?: AloneAttempt;
  /** Whether closing the inbox aborted the last attempt. */
  readonly isAborted?: boolean;
}

/** The data of a push's job. */
export function dataOf(push: StoredPush): JobData {
  return { version: VERSION, ...(headOf(push) as PushHead), ...contentJson(push) };
}

/**
 * The push of a job.
 * @throws Error if the job is not a push, or if a later version stored it
 */
export function pushOf(data: Partial<JobData> | undefined): StoredPush {
  const { version, kind, headers, encoding, body } = data ?? {};
  if (kind !== "push" || headers === undefined || encoding === undefined || body === undefined) {
    throw new Error("The job is not a push of airudder-webhooks. Use the queue for pushes only.");
  }
  if (version !== VERSION) {
    throw new Error(`The job has the format version ${version}; this version of airudder-webhooks reads ${VERSION}.`);
  }
  return storedOf(data as PushHead, contentOf({ headers, encoding, body }));
}
