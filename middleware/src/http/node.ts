import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { type AirudderError, tooLarge } from "../errors.js";
import type { Intake } from "../intake.js";
import type { Recorder } from "../observe/recorder.js";
import { warnOnce } from "../observe/warn.js";
import type { Settings } from "../options.js";
import { inflateBody, isEncoded } from "../push/inflate.js";
import { admit } from "./admit.js";
import { type Answer, headersOf } from "./answer.js";
import { readBody } from "./body.js";
import { isUnread, keptBytes, leftover, type ParsedRequest } from "./consumed.js";

/** How long what is left of a refused body is read and thrown away, so that its sender gets to read the refusal. */
const DRAIN_MS = 2_000;

/** No list of pairs, which older releases of on-headers (in morgan, compression, express-session) misread. */
const OK_HEADERS = { "Content-Type": "application/json", "Content-Length": "2" };

/** One request on `node:http`, or on Express, whose objects are the same with more on them. */
export class NodeExchange {
  readonly #startedAt = performance.now();
  /** Looked up once: on the objects of Express each look costs. */
  #headers: IncomingHttpHeaders = {};

  constructor(
    private readonly request: ParsedRequest,
    private readonly response: ServerResponse,
    private readonly intake: Intake,
    private readonly recorder: Recorder,
    private readonly settings: Settings,
  ) {}

  /** Takes the request to its answer. Never throws and never rejects. */
  run(): void {
    const { request, settings } = this;
    this.recorder.inFlight++;
    try {
      this.#headers = request.headers;
      const length = this.#headers["content-length"];
      admit(
        {
          method: request.method,
          url: request.url,
          contentType: this.#headers["content-type"],
          contentEncoding: this.#headers["content-encoding"],
          contentLength: length,
        },
        settings,
      );
      const kept = keptBytes(request);
      if (kept !== undefined) this.#takeParsed(kept);
      else if (isUnread(request)) {
        readBody(request, length === undefined ? undefined : Number(length), settings, this.#onBody);
      } else this.#takeLeftover();
    } catch (error) {
      this.#refuse(error);
    }
  }

  readonly #onBody = (error: AirudderError | undefined, body: Buffer | undefined): void => {
    if (error !== undefined) this.#refuse(error);
    else if (body === undefined) this.recorder.inFlight--;
    else if (body.length === 0 && hasContent(this.request.body)) this.#takeLeftover();
    else this.#takeEncoded(body, this.#headers["content-encoding"]);
  };

  #takeLeftover(): void {
    try {
      const { raw, payload } = leftover(this.request);
      if (payload === undefined) this.#takeParsed(raw);
      else this.#take(raw, raw, payload);
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** Bytes that an earlier parser kept: some of them have inflated these, and left the header, which is not theirs any more. */
  #takeParsed(body: Buffer): void {
    const { "content-encoding": encoding, ...others } = this.#headers;
    const isInflated = isEncoded(encoding) && /^(?:\ufeff)?\s*[{[]/.test(body.toString("utf8", 0, 64));
    if (isInflated) this.#headers = others;
    this.#takeEncoded(body, isInflated ? undefined : encoding);
  }

  #takeEncoded(body: Buffer, encoding: string | undefined): void {
    if (!isEncoded(encoding)) {
      this.#take(body, body);
      return;
    }
    inflateBody(body, encoding, this.settings.maxBodyBytes).then(
      (raw) => this.#take(body, raw),
      (error) => this.#refuse(error),
    );
  }

  #take(body: Buffer, raw: Buffer, payload?: object): void {
    const { maxBodyBytes } = this.settings;
    if (raw.length > maxBodyBytes) {
      this.#refuse(tooLarge(maxBodyBytes));
      return;
    }
    const { url = "/" } = this.request;
    const headers = this.#headers;
    const answer = this.intake.take({ method: "POST", url, headers, body, raw, payload, startedAt: this.#startedAt });
    if (answer instanceof Promise) void answer.then((settled) => this.#answer(settled));
    else this.#answer(answer);
  }

  #refuse(error: unknown): void {
    this.#answer(this.intake.reject(error, this.#startedAt));
  }

  /** What wraps the response, such as a logger of the app, may throw: the sender gets no answer then, and sends again. */
  #answer(answer: Answer): void {
    this.recorder.inFlight--;
    try {
      this.#send(answer);
    } catch (error) {
      warnOnce(
        "AIRUDDER_ANSWER_FAILED",
        `A push could not be answered: ${error instanceof Error ? error.message : "the response threw"}`,
      );
      this.response.destroy?.();
    }
  }

  #send(answer: Answer): void {
    const { request, response } = this;
    if (response.headersSent || response.destroyed) return;
    if (answer.status === 200 && this.#headers["airudder-devproxy"] === undefined) {
      response.writeHead(200, OK_HEADERS);
      // In one piece, which end(body) would make two of, the second empty. Stand-ins of test kits have no cork.
      response.cork?.();
      response.write(answer.body);
      response.uncork?.();
      response.end();
      return;
    }
    const headers: Record<string, string | number> = {
      ...headersOf(answer),
      "Content-Length": Buffer.byteLength(answer.body),
    };
    if (answer.outcome !== undefined && this.#headers["airudder-devproxy"] === "1") {
      headers["Airudder-Outcome"] = JSON.stringify({
        ...answer.outcome,
        ms: Math.round((performance.now() - this.#startedAt) * 1000) / 1000,
      });
    }
    response.writeHead(answer.status, headers);
    response.end(answer.body);
    // Stand-ins of test kits are no whole streams.
    if (!request.complete && typeof request.resume === "function") drain(request);
  }
}

function hasContent(body: unknown): boolean {
  return typeof body === "object" && body !== null ? Object.keys(body).length > 0 : body !== undefined && body !== "";
}

/** Throws away what is still coming, then cuts the connection: a sender that is still sending would not read its answer. */
function drain(request: IncomingMessage): void {
  const timer = setTimeout(() => request.destroy(), DRAIN_MS);
  timer.unref();
  request.once("close", () => clearTimeout(timer));
  request.resume();
}
