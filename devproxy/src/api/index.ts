export { serveControl } from "./server.js";
