import { isErrorCode } from "../privacy/answer.js";

/** The code of an answer like `{"error":{"code":"bad_token"}}`, as the middleware refuses. */
export function refusalCode(body: Buffer): string | undefined {
  try {
    const code: unknown = JSON.parse(body.toString()).error.code;
    return typeof code === "string" && isErrorCode(code) ? code : undefined;
  } catch {
    return undefined;
  }
}
