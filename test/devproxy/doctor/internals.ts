/** Internal units of this folder that have their own tests. No other folder imports them. */
export { checkReceiver } from "../../../devproxy/src/doctor/app.js";
