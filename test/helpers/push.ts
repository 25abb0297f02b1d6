import { readFileSync } from "node:fs";
import { sign } from "airudder-webhooks";

export const KEY = "s3cret-key";

/** A sample push, by its file below schemas/samples. */
export function sample(file: string): Record<string, unknown> {
  return JSON.parse(readFileSync(new URL(`../../schemas/samples/${file}`, import.meta.url), "utf8"));
}

/** A call completion as its sender makes it: valid, signed with {@link KEY}. Each test breaks one thing. */
export function callCompleted(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  const payload: Record<string, unknown> = { ...sample("call.completed/answered.json"), ...overrides };
  return { ...payload, Sign: "Sign" in overrides ? overrides.Sign : sign(String(payload.TaskID), KEY) };
}

/** An agent's status as the dialer sends it: unsigned. */
export function agentStatus(body: Record<string, unknown> = {}): { pds: { body: Record<string, unknown> } } {
  const push = sample("dialer.agent/hangup.json") as { pds: { body: Record<string, unknown> } };
  return { ...push, pds: { ...push.pds, body: { ...push.pds.body, ...body } } };
}

/** Posts as the vendor does. */
export async function post(
  url: string,
  body: unknown,
  init: RequestInit = {},
): Promise<{ status: number; body: unknown; headers: Headers }> {
  const response = await fetch(url, {
    method: "POST",
    body:
      typeof body === "string" || body instanceof Uint8Array || body instanceof ReadableStream
        ? (body as NonNullable<RequestInit["body"]>)
        : JSON.stringify(body),
    ...init,
    headers: { "content-type": "application/json", "user-agent": "Airudder", ...init.headers },
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text), headers: response.headers };
}

/** A push's request for `receiver.fetch`. */
export function webRequest(payload: unknown, headers: Record<string, string> = {}): Request {
  const body = typeof payload === "string" ? payload : JSON.stringify(payload);
  return new Request("http://a.test/", {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
  });
}
