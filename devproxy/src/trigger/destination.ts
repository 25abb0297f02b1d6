import type { ControlClient } from "../client/index.js";
import { usageError } from "../errors.js";
import { TEST_PUSH_HEADER } from "../http/index.js";
import type { TestCause } from "../journal/index.js";

/** Where test pushes are sent. */
export interface Destination {
  url: URL;
  /** Headers that every push gets in addition to its own. */
  headers: Record<string, string>;
  /** Whether the running `listen` records the pushes. */
  isRecorded: boolean;
}

/** A running `listen`: it records each test push and forwards it to the app. */
export function proxyDestination({ state, token }: ControlClient, cause: TestCause): Destination {
  return {
    url: new URL(String(state.local)),
    headers: { [TEST_PUSH_HEADER]: `${cause} ${token}` },
    isRecorded: true,
  };
}

/** The app itself, or any other server: nothing is recorded. @param token the token that the app requires */
export function directDestination(url: URL, token?: string): Destination {
  return { url, headers: token === undefined ? {} : { "airudder-token": token }, isRecorded: false };
}

/**
 * The destination of a command: `--to`, or else the running `listen`.
 * @param token the token that the app requires, for `--to`
 * @throws DevproxyError `usage`, if no `listen` runs and there is no `--to`
 */
export function destinationOf(
  control: ControlClient | undefined,
  {
    to,
    token,
    cause,
    journal,
  }: { to?: URL | undefined; token?: string | undefined; cause: TestCause; journal: string },
): Destination {
  if (to !== undefined) return directDestination(to, token);
  if (control !== undefined) return proxyDestination(control, cause);
  throw usageError(
    `No listen is running on the journal ${journal}. Start "airudder-devproxy listen", or send to your app without recording: --to URL.`,
  );
}
