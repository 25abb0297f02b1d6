import { isErrorCode } from "../privacy/response-context.js";

/** The code of an answer like `{"error":{"code":"bad_token"}}`, as the middleware refuses. */
export function errorCodeOf(body: Buffer): string | undefined {
  try {
    const code: unknown = JSON.parse(body.toString()).error.code;
    return typeof code === "string" && isErrorCode(code) ? code : undefined;
  } catch {
    return undefined;
  }
}
