import type { IncomingMessage } from "node:http";

/** Maximum size of an accepted body, bytes. */
export const MAX_BODY_BYTES = 10 * 1024 * 1024;

/** Maximum number of bytes to discard of a body that is too large. A tunnel loses a response that is sent before the body has ended. */
const MAX_DISCARDED_BYTES = 64 * 1024 * 1024;

/** Time limit for a body to arrive, ms. Airudder waits 10 s for a response. */
export const BODY_TIMEOUT_MS = 8_000;

/**
 * Why a body could not be read:
 * - `too_large`: it is larger than the limit.
 * - `aborted`: the client closed the connection.
 * - `broken`: it is not valid HTTP. The server has already responded 400.
 * - `timed_out`: it did not arrive in time.
 */
export type BodyProblem = "too_large" | "aborted" | "broken" | "timed_out";

/**
 * Reads the body of a request without decompressing or decoding it. If the body is too large, first discards up to 64 MiB of it.
 * @param limit maximum size, bytes
 */
export function readBody(
  request: IncomingMessage,
  limit = MAX_BODY_BYTES,
  timeoutMs = BODY_TIMEOUT_MS,
): Promise<Buffer | BodyProblem> {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > MAX_DISCARDED_BYTES) {
    request.resume();
    return Promise.resolve("too_large");
  }
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const isTooLarge = () => size > limit || declared > limit;
    const finish = (result: Buffer | BodyProblem) => {
      clearTimeout(timer);
      chunks.length = 0;
      resolve(isTooLarge() && result !== "broken" ? "too_large" : result);
    };
    const timer = setTimeout(() => finish("timed_out"), timeoutMs);
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (!isTooLarge()) chunks.push(chunk);
      else chunks.length = 0;
      if (size > MAX_DISCARDED_BYTES) finish("too_large");
    });
    request.on("end", () => finish(isTooLarge() ? "too_large" : Buffer.concat(chunks, size)));
    const ended = () => finish(isBroken(request) ? "broken" : "aborted");
    request.on("error", ended);
    request.on("close", ended);
  });
}

function isBroken({ socket }: IncomingMessage): boolean {
  const { code = "" } = (socket.errored ?? {}) as NodeJS.ErrnoException;
  return code.startsWith("HPE_");
}
