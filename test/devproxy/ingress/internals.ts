/** Units of the room that are tested apart; nothing outside the room uses them. */
export { BodyMemory } from "../../../devproxy/src/ingress/body-memory.js";
export { Rejections } from "../../../devproxy/src/ingress/rejections.js";
