export { type ConformanceCase, type ConformanceOptions, inboxConformance } from "./inbox-conformance.js";
export type { Overrides } from "./merge.js";
export { renewIds } from "./renew-ids.js";
export { type SampleOptions, samplePush } from "./sample-push.js";
export { type SignedRequest, signedRequest } from "./signed-request.js";
