import type { ServerResponse } from "node:http";
import type { Listener } from "../events.js";
import { sendError } from "./send-response.js";

const WRONG_PATH_EVERY_MS = 60_000;

/** Refuses requests, and tells of it: who gave the wrong URL to Airudder, or sends too much, would see nothing otherwise. */
export class Rejections {
  #wrongPathAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly listener: Listener) {}

  /** Refuses what came to the path of pushes. */
  refuse(response: ServerResponse, status: number, code: string, message: string): void {
    sendError(response, status, code, message);
    this.report(status, code, message);
  }

  /** A push was refused, and the sender answered already. */
  report(status: number, code: string, message: string): void {
    this.listener({ event: "note", code, message: `A request was refused with ${status}: ${message}` });
  }

  /** Rejects a request to another path. Reports at most one per minute, because anybody may send them. */
  wrongPath(response: ServerResponse): void {
    response.writeHead(404, { "content-type": "application/json" }).end("{}");
    const now = performance.now();
    if (now - this.#wrongPathAt < WRONG_PATH_EVERY_MS) return;
    this.#wrongPathAt = now;
    this.report(404, "wrong_path", "The URL handed out has another path. Compare the one given to Airudder with it.");
  }
}
