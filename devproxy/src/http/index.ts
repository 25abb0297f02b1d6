export { connectionErrorText } from "./connection-error.js";
export { equalSecrets } from "./equal-secrets.js";
export { ERROR_CODE, errorCodeOf } from "./error-code.js";
export {
  endToEndHeaders,
  forwardedHeaders,
  headerMap,
  RECORDED_PUSH_HEADER,
  removeInternalHeaders,
  TEST_PUSH_HEADER,
} from "./headers.js";
export { isListening } from "./is-listening.js";
export { isLocalhostName, lookup } from "./lookup.js";
export { type Outcome, type OutcomeResult, readOutcome, STATUS_RESULTS } from "./outcome.js";
export { pathWithQuery, queryOf } from "./query.js";
export { BODY_TIMEOUT_MS, type BodyProblem, MAX_BODY_BYTES, readBody } from "./read-body.js";
export { MAX_RECORDED_RESPONSE_BYTES, mayBeTruncated, withoutPartialCharacter } from "./recorded-response.js";
