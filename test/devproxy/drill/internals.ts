// Internals of the dev proxy that the tests of this folder check directly.
export { junitXml } from "../../../devproxy/src/drill/index.js";
