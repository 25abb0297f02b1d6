import { AirudderError, tooLarge } from "../errors.js";
import type { ReceiverSettings } from "../options.js";
import { decompressBody, isEncoded } from "../push/decompress.js";
import type { Intake } from "../receiver/intake.js";
import { type HttpResponse, headersOf } from "../receiver/response.js";
import { outcomeHeader } from "./outcome.js";
import { checkRequestHead, rejectReplay } from "./request-head.js";

/**
 * Responds to a web-standard request. Never rejects: every error becomes a response. Replays are accepted only with `allowReplays: true`,
 * because the address of the peer is unknown.
 */
export async function handleFetch(request: Request, intake: Intake, settings: ReceiverSettings): Promise<Response> {
  const startedAt = performance.now();
  const replaysAllowed = settings.allowReplays === true;
  let outcomeRequested = false;
  let httpResponse: HttpResponse;
  try {
    const { "airudder-token": token, ...headers } = Object.fromEntries(request.headers) as Record<string, string>;
    outcomeRequested = headers["airudder-devproxy"] === "1";
    const { method } = request;
    const head = {
      method,
      url: pathAndQuery(request.url),
      headers: token === undefined ? headers : { ...headers, "airudder-token": token },
    };
    const url = checkRequestHead(head, settings);
    if (headers["airudder-replay"] !== undefined && !replaysAllowed) rejectReplay();
    const encoding = headers["content-encoding"];
    const body = await readWebBody(request, settings, startedAt);
    const raw = isEncoded(encoding) ? await decompressBody(body, encoding, settings.maxBodyBytes) : body;
    httpResponse = await intake.process({ method, url, headers, body, raw, reserialised: false, startedAt });
  } catch (error) {
    httpResponse = intake.reject(error, startedAt);
  }
  const response = new Response(httpResponse.body, { status: httpResponse.status, headers: headersOf(httpResponse) });
  if (outcomeRequested) {
    response.headers.set(
      "Airudder-Outcome",
      outcomeHeader(httpResponse, performance.now() - startedAt, replaysAllowed),
    );
  }
  return response;
}

function pathAndQuery(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

async function readWebBody(request: Request, settings: ReceiverSettings, startedAt: number): Promise<Buffer> {
  const { maxBodyBytes, bodyTimeoutMs, deadlineMs } = settings;
  if (request.bodyUsed) {
    throw new AirudderError("body_already_consumed", "The body has already been read. Pass an unread request.", {
      hint: "Call receiver.fetch(request) before other code reads the request's body, or pass request.clone().",
    });
  }
  if (request.body === null) return Buffer.alloc(0);
  const reader = request.body.getReader();
  const timeoutMs = Math.min(bodyTimeoutMs, deadlineMs);
  let timedOut = false;
  const timer = setTimeout(
    () => {
      timedOut = true;
      void reader.cancel(new AirudderError("body_timeout", "")).catch(() => undefined);
    },
    timeoutMs - (performance.now() - startedAt),
  );
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      length += part.value.byteLength;
      if (length > maxBodyBytes) {
        void reader.cancel().catch(() => undefined);
        throw tooLarge(maxBodyBytes);
      }
      chunks.push(part.value);
    }
  } finally {
    clearTimeout(timer);
  }
  if (timedOut) throw new AirudderError("body_timeout", `The body did not arrive within ${timeoutMs} ms.`);
  return Buffer.concat(chunks, length);
}
