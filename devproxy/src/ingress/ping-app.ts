import express, { type Express } from "express";
import { destinationOf } from "./door.js";
import { answerPing } from "./ping-answer.js";

/** A door with nothing but its bell, to try a tunnel with. */
export function pingApp(secret: string): Express {
  const app = express();
  app.disable("x-powered-by");
  app.use((request, response) => {
    if (destinationOf(request.url, secret) === "ping") return answerPing(request, response, secret);
    response.writeHead(404, { "content-type": "application/json" }).end("{}");
  });
  return app;
}
