import type { IncomingMessage } from "node:http";
import { headerMap } from "../http/index.js";
import type { AppResponse } from "./attempt.js";

/** Longer responses are cut. */
const MAX_RESPONSE_BYTES = 10 * 1024 * 1024;

/** The recorded error of a response that was cut. */
export const TOO_LARGE = `the app's response is larger than ${MAX_RESPONSE_BYTES / 1024 / 1024} MB and was cut`;

/** Reads the app's answer to its end. */
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
    let room = MAX_RESPONSE_BYTES;
    response.on("data", (chunk: Buffer) => {
      if (room > 0) chunks.push(chunk.subarray(0, room));
      room -= chunk.length;
      if (room >= 0) return;
      finish({ isCut: true });
      response.destroy();
    });
    const finish = (cut: { isCut?: true }) => {
      resolve({ status, headers: headerMap(response.headers), body: Buffer.concat(chunks), ...cut });
    };
    response.on("end", () => finish({}));
    response.on("error", reject);
    response.on("close", () => {
      if (!response.complete) reject(Object.assign(new Error("the app's answer broke off"), { code: "" }));
    });
  });
}
