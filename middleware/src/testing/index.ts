export { type DrillCase, drillCases } from "./drill/cases.js";
export { drill, drillScenarios } from "./drill/drill.js";
export type { DrillEvent, DrillOptions, DrillReport, DrillResult } from "./drill/options.js";
export type { DrillPush } from "./drill/renew.js";
export type { DrillRequest, DrillResponse } from "./drill/send.js";
export { type ConformanceCase, type ConformanceOptions, inboxConformance } from "./inbox-conformance.js";
export type { Overrides } from "./merge.js";
export { type SampleOptions, samplePush } from "./sample-push.js";
export { type SignedRequest, signedRequest } from "./signed-request.js";
