import { DEFAULT_KEY, sign } from "../push/sign.js";

/** A request for `fetch(url, …)`, supertest (`.set(headers).send(body)`) or light-my-request (`inject({ url, … })`). */
export interface SignedRequest {
  readonly method: "POST";
  readonly headers: Record<string, string>;
  /** The exact JSON text. */
  readonly body: string;
}

/**
 * The request that the vendor would send for a payload. If the payload has a `TaskID` and a `Sign`, it is signed again with the key.
 * @param options.key key to sign with; default: the vendor's published key `airudder`
 * @param options.headers additional headers
 * @example
 * const response = await fetch(url, signedRequest(samplePush("call.completed"), { key: "test-key" }));
 */
export function signedRequest(
  payload: object,
  options: { readonly key?: string; readonly headers?: Record<string, string> } = {},
): SignedRequest {
  const { TaskID, Sign } = payload as { TaskID?: unknown; Sign?: unknown };
  const signed =
    typeof TaskID === "string" && Sign !== undefined
      ? { ...payload, Sign: sign(TaskID, options.key ?? DEFAULT_KEY) }
      : payload;
  return {
    method: "POST",
    headers: { "content-type": "application/json", "user-agent": "Airudder", ...options.headers },
    body: JSON.stringify(signed),
  };
}
