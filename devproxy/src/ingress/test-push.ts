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
  /** Class and message of the handler's error. It may quote the payload: redact it before printing. */
  error?: string;
  /** The app did not respond in time: the proxy responded 200 and delivers the push later. */
  pending?: true;
}

/** Adds to the response how the push was recorded. */
export function addRecordedPush(response: ServerResponse, row: Row, { headers }: AppResponse): void {
  const { id, seq } = row.push;
  const { result, error } = readOutcome(headers["airudder-outcome"]) ?? {};
  const recorded: RecordedTestPush = {
    id,
    seq,
    ...(result === undefined ? {} : { result }),
    ...(error === undefined ? {} : { error }),
    ...(isPending(row) ? { pending: true } : {}),
  };
  if (!response.headersSent) response.setHeader(RECORDED_PUSH_HEADER, asciiJson(recorded));
}

/** JSON for the value of a header, which must not contain other characters. */
function asciiJson(value: object): string {
  return JSON.stringify(value).replace(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
