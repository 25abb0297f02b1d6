export { type ApiServer, serveApi } from "./server.js";
