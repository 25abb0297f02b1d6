import { hash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { describePush, factsOf, newPushId } from "airudder-webhooks/inspect";
import type { Content, PushHead } from "airudder-webhooks/journal";
import { headerMap, queryOf } from "../http/index.js";
import type { TestCause } from "../journal/index.js";

/**
 * The head of the record of a push, and the likely cause if its `Sign` is wrong.
 * @param key key of `Sign`. Default: the vendor's published key
 * @param testCause the command that sent the push, if it is a test push
 */
export function describeRequest(
  request: IncomingMessage,
  { headers, body }: Content,
  key: string | undefined,
  testCause?: TestCause,
): { head: Omit<PushHead, "seq">; signProblem: string | undefined } {
  const description = describePush(body, headers, key === undefined ? {} : { key });
  const head: Omit<PushHead, "seq"> = {
    kind: "push",
    id: newPushId(),
    at: new Date().toISOString(),
    method: request.method ?? "POST",
    url: `/${queryOf(request.url ?? "")}`,
    source: testCause ?? (isLocal(request.headers.host) ? "local" : "tunnel"),
    size: body.length,
    sha256: hash("sha256", body),
    ...factsOf({ ...description, drift: description.drift.length }),
  };
  return { head, signProblem: description.signProblem };
}

/** The headers and bytes of a request as received. */
export function contentOfRequest(request: IncomingMessage, body: Buffer): Content {
  return { headers: headerMap(request.headers), body };
}

/** Whether a request was sent directly. In a request through a tunnel, `Host` is the host of the public URL. */
function isLocal(host: string | undefined): boolean {
  return host === undefined || /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(host);
}
