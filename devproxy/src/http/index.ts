export { equalSecrets } from "./equal-secrets.js";
export { ERROR_CODE, errorCodeOf } from "./error-code.js";
export { endToEndHeaders, forwardedHeaders, headerMap, removeOwnHeaders } from "./headers.js";
export { isListening } from "./is-listening.js";
export { isLocalhostName, lookup } from "./lookup.js";
export { type Outcome, type OutcomeResult, readOutcome, STATUS_RESULTS } from "./outcome.js";
export { pathAt, queryOf } from "./query.js";
export { BODY_BYTES, BODY_MS, type BodyProblem, readBody } from "./read-body.js";
export { mayBeCut, RESPONSE_BYTES, wholeLetters } from "./recorded-response.js";
