/** Internal units of this folder that have their own tests. No other folder imports them. */
export { BodyMemory } from "../../../devproxy/src/ingress/body-memory.js";
export { Percentiles } from "../../../devproxy/src/ingress/percentiles.js";
export { Rejections } from "../../../devproxy/src/ingress/rejections.js";
