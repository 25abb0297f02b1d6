import { AirudderError, tooLarge } from "../errors.js";
import type { ReceiverSettings } from "../options.js";
import { inflateBody, isEncoded } from "../push/inflate.js";
import type { Intake } from "../receiver/intake.js";
import { type HttpResponse, headersOf } from "../receiver/response.js";
import { admit, rejectReplay } from "./admit.js";
import { outcomeHeader } from "./outcome.js";

/** Responds to a web-standard request. Never rejects. The peer's address is not known, so replays need `allowReplays: true`. */
export async function handleFetch(request: Request, intake: Intake, settings: ReceiverSettings): Promise<Response> {
  const startedAt = performance.now();
  const mayReplay = settings.allowReplays === true;
  let asksForOutcome = false;
  let answer: HttpResponse;
  try {
    const { "airudder-token": token, ...headers } = Object.fromEntries(request.headers) as Record<string, string>;
    asksForOutcome = headers["airudder-devproxy"] === "1";
    const { method } = request;
    const line = {
      method,
      url: pathOf(request.url),
      headers: token === undefined ? headers : { ...headers, "airudder-token": token },
    };
    const url = admit(line, settings);
    if (headers["airudder-replay"] !== undefined && !mayReplay) rejectReplay();
    const encoding = headers["content-encoding"];
    const body = await readBody(request, settings, startedAt);
    const raw = isEncoded(encoding) ? await inflateBody(body, encoding, settings.maxBodyBytes) : body;
    answer = await intake.process({ method, url, headers, body, raw, reserialised: false, startedAt });
  } catch (error) {
    answer = intake.reject(error, startedAt);
  }
  const response = new Response(answer.body, { status: answer.status, headers: headersOf(answer) });
  if (asksForOutcome) {
    response.headers.set("Airudder-Outcome", outcomeHeader(answer, performance.now() - startedAt, mayReplay));
  }
  return response;
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

async function readBody(request: Request, settings: ReceiverSettings, startedAt: number): Promise<Buffer> {
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
