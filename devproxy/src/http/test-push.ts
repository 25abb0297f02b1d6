/**
 * Header of a test push that a command sends to a running `listen`: its cause and the control token, `trigger TOKEN`. It is removed before
 * the push is recorded.
 */
export const TEST_PUSH_HEADER = "airudder-test-push";

/** Header of the response to a test push: how `listen` recorded the push, as JSON. */
export const RECORDED_PUSH_HEADER = "airudder-recorded-push";

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
