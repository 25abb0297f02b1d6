/** Units of the room that are tested apart; nothing outside the room uses them. */
export { checkReceiver } from "../../../devproxy/src/doctor/app.js";
