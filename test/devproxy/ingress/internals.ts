/** Internal units of this folder that have their own tests. No other folder imports them. */
export { BodyMemory } from "../../../devproxy/src/ingress/body-memory.js";
export { Rejections } from "../../../devproxy/src/ingress/rejections.js";
