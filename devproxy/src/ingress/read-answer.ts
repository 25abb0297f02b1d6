import type { IncomingMessage } from "node:http";
import type { Answer } from "./attempt.js";
import { headerMap } from "./headers.js";

/** Longer answers are cut: nobody at the other end reads them. */
const ANSWER_BYTES = 10 * 1024 * 1024;

/** Reads the app's answer to its end. */
export function readAnswer(response: IncomingMessage): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let room = ANSWER_BYTES;
    response.on("data", (chunk: Buffer) => {
      if (room > 0) chunks.push(chunk.subarray(0, room));
      room -= chunk.length;
    });
    response.on("end", () =>
      resolve({
        status: response.statusCode ?? 502,
        headers: headerMap(response.headers),
        body: Buffer.concat(chunks),
      }),
    );
    response.on("error", reject);
    response.on("close", () => {
      if (!response.complete) reject(Object.assign(new Error("the app's answer broke off"), { code: "" }));
    });
  });
}
