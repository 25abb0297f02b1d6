import type { IncomingMessage, ServerResponse } from "node:http";
import type { AppResponse } from "../delivery/index.js";
import { equalSecrets, RECORDED_PUSH_HEADER, readOutcome, TEST_PUSH_HEADER } from "../http/index.js";
import { isPending, type Row, type TestCause } from "../journal/index.js";

/**
 * Removes the header of a test push from a request.
 * @returns the cause of the test push; `undefined` if the request is not a test push, or if its control token is wrong
 */
export function takeTestCause({ headers }: IncomingMessage, controlToken: string): TestCause | undefined {
  const value = headers[TEST_PUSH_HEADER];
  delete headers[TEST_PUSH_HEADER];
  const [, cause, token] = /^(trigger|drill) (\S+)$/.exec(typeof value === "string" ? value : "") ?? [];
  return token !== undefined && equalSecrets(token, controlToken) ? (cause as TestCause) : undefined;
}

/** How `listen` recorded a test push, for the command that sent it. */
export interface RecordedTestPush {
  id: string;
  seq: number;
  /** The result that the app's receiver reported. */
  result?: string;
  /** The app did not respond in time: the proxy responded 200 and delivers the push later. */
  pending?: true;
}

/** Adds to the response how the push was recorded. */
export function addRecordedPush(response: ServerResponse, row: Row, { headers }: AppResponse): void {
  const { id, seq } = row.push;
  const result = readOutcome(headers["airudder-outcome"])?.result;
  const recorded: RecordedTestPush = {
    id,
    seq,
    ...(result === undefined ? {} : { result }),
    ...(isPending(row) ? { pending: true } : {}),
  };
  if (!response.headersSent) response.setHeader(RECORDED_PUSH_HEADER, JSON.stringify(recorded));
}
