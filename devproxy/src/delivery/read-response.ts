import type { IncomingMessage } from "node:http";
import { headerMap } from "../http/index.js";
import type { AppResponse } from "./attempt.js";

/** Maximum size of a response body, bytes. A longer one is truncated. */
const MAX_RESPONSE_BYTES = 10 * 1024 * 1024;

/** The recorded error of a response that was truncated. */
export const TOO_LARGE_ERROR = `the app's response is larger than ${MAX_RESPONSE_BYTES / 1024 / 1024} MB and was truncated`;

/** Reads a response of the app, up to the maximum size. Rejects if the response is incomplete, or has a status below 200. */
export function readResponse(response: IncomingMessage): Promise<AppResponse> {
  return new Promise((resolve, reject) => {
    const { statusCode: status = 0 } = response;
    if (status < 200) {
      response.destroy();
      return reject(
        Object.assign(new Error(`the app responded with status ${status}, which HTTP does not define`), { code: "" }),
      );
    }
    const chunks: Buffer[] = [];
    let remaining = MAX_RESPONSE_BYTES;
    response.on("data", (chunk: Buffer) => {
      if (remaining > 0) chunks.push(chunk.subarray(0, remaining));
      remaining -= chunk.length;
      if (remaining >= 0) return;
      finish({ isTruncated: true });
      response.destroy();
    });
    const finish = (truncation: { isTruncated?: true }) => {
      resolve({ status, headers: headerMap(response.headers), body: Buffer.concat(chunks), ...truncation });
    };
    response.on("end", () => finish({}));
    response.on("error", reject);
    response.on("close", () => {
      if (!response.complete) reject(Object.assign(new Error("the app's response is incomplete"), { code: "" }));
    });
  });
}
