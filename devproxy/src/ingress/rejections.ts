import type { ServerResponse } from "node:http";
import type { Listener } from "../events.js";
import { sendError } from "./send-response.js";

const WRONG_PATH_INTERVAL_MS = 60_000;

/** Rejects requests and reports rejections, so that a wrong URL at Airudder is noticed. */
export class Rejections {
  #wrongPathAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly listener: Listener) {}

  /** Rejects a request to the path of pushes. */
  reject(response: ServerResponse, status: number, code: string, message: string): void {
    sendError(response, status, code, message);
    this.report(status, code, message);
  }

  /** Reports a rejected request whose response has been sent. */
  report(status: number, code: string, message: string): void {
    this.listener({ event: "note", code, message: `A request was rejected with ${status}: ${message}` });
  }

  /** Rejects a request to another path. Reports at most one per minute, because anybody may send them. */
  rejectWrongPath(response: ServerResponse): void {
    response.writeHead(404, { "content-type": "application/json" }).end("{}");
    const now = performance.now();
    if (now - this.#wrongPathAt < WRONG_PATH_INTERVAL_MS) return;
    this.#wrongPathAt = now;
    this.report(
      404,
      "wrong_path",
      "Its path is not that of the public URL. Compare the URL that you gave to Airudder with the public URL.",
    );
  }
}
