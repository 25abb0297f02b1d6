/** The code of an answer like `{"error":{"code":"bad_token"}}`, as the middleware refuses. */
export function refusalCode(body: Buffer): string | undefined {
  try {
    const code: unknown = JSON.parse(body.toString()).error.code;
    return typeof code === "string" && /^[A-Za-z][\w.-]{0,39}$/.test(code) ? code : undefined;
  } catch {
    return undefined;
  }
}
