/** The form of an error code: lower-case words joined by `_`, `.` or `-`, or upper case such as `ECONNREFUSED`. */
export const ERROR_CODE =
  /^(?:[a-z]{2,20}(?:[_.-][a-z]{2,20}){1,5}|busy|E[A-Z]{3,20}|[A-Z]{2,20}(?:_[A-Z\d]{1,20}){1,5})$/;

/** The code of an error response such as `{"error":{"code":"bad_token"}}`, as the middleware sends it. */
export function errorCodeOf(body: Buffer): string | undefined {
  try {
    const code: unknown = JSON.parse(body.toString()).error.code;
    return typeof code === "string" && ERROR_CODE.test(code) ? code : undefined;
  } catch {
    return undefined;
  }
}
