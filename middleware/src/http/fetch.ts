import { AirudderError, tooLarge } from "../errors.js";
import type { Intake } from "../intake.js";
import type { Settings } from "../options.js";
import { inflateBody, isEncoded } from "../push/inflate.js";
import { admit } from "./admit.js";
import { type Answer, headersOf } from "./answer.js";

/** Takes a web-standard request to its response. Never rejects. */
export async function handleFetch(request: Request, intake: Intake, settings: Settings): Promise<Response> {
  const startedAt = performance.now();
  const headers = Object.fromEntries(request.headers);
  const { method } = request;
  const url = pathOf(request.url);
  let answer: Answer;
  try {
    const encoding = headers["content-encoding"];
    admit(
      {
        method,
        url,
        contentType: headers["content-type"],
        contentEncoding: encoding,
        contentLength: headers["content-length"],
      },
      settings,
    );
    const body = await readBody(request, settings);
    const raw = isEncoded(encoding) ? await inflateBody(body, encoding, settings.maxBodyBytes) : body;
    answer = await intake.take({ method, url, headers, body, raw, startedAt });
  } catch (error) {
    answer = intake.reject(error, startedAt);
  }
  const response = new Response(answer.body, { status: answer.status, headers: headersOf(answer) });
  if (answer.outcome !== undefined && headers["airudder-devproxy"] === "1") {
    const ms = Math.round((performance.now() - startedAt) * 1000) / 1000;
    response.headers.set("Airudder-Outcome", JSON.stringify({ ...answer.outcome, ms }));
  }
  return response;
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

async function readBody(request: Request, { maxBodyBytes, bodyTimeoutMs }: Settings): Promise<Buffer> {
  if (request.bodyUsed) {
    throw new AirudderError("body_already_consumed", "The body was read before. Hand the request on unread.");
  }
  if (request.body === null) return Buffer.alloc(0);
  const reader = request.body.getReader();
  let timedOut = false;
  const timer = setTimeout(() => {
    void reader.cancel(new AirudderError("body_timeout", "")).catch(() => undefined);
    timedOut = true;
  }, bodyTimeoutMs);
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
  if (timedOut) throw new AirudderError("body_timeout", `The body did not come within ${bodyTimeoutMs} ms.`);
  return Buffer.concat(chunks, length);
}
