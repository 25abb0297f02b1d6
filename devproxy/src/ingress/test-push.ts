import type { IncomingMessage, ServerResponse } from "node:http";
import type { AppResponse } from "../delivery/index.js";
import {
  equalSecrets,
  RECORDED_PUSH_HEADER,
  type RecordedTestPush,
  readOutcome,
  TEST_PUSH_HEADER,
} from "../http/index.js";
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

/** Adds a header to the response, with the id, number and result of the recorded push. */
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
