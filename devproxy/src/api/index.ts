export { type ApiServer, serveApi } from "./server.js";
export type * from "./types.js";
