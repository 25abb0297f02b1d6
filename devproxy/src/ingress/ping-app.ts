import express, { type Express } from "express";
import { respondToPing } from "./ping-response.js";
import { routeOf } from "./route.js";

/** A door with nothing but its bell, to try a tunnel with. */
export function pingApp(secret: string): Express {
  const app = express();
  app.disable("x-powered-by");
  app.use((request, response) => {
    if (routeOf(request.url, secret) === "ping") return respondToPing(request, response, secret);
    response.writeHead(404, { "content-type": "application/json" }).end("{}");
  });
  return app;
}
