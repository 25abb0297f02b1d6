import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { type AirudderError, tooLarge } from "../errors.js";
import { messageOf } from "../observe/describe-error.js";
import type { Recorder } from "../observe/recorder.js";
import type { Warnings } from "../observe/warnings.js";
import type { ReceiverSettings } from "../options.js";
import { inflateBody, isEncoded } from "../push/inflate.js";
import type { Intake } from "../receiver/intake.js";
import { type HttpResponse, headersOf } from "../receiver/response.js";
import { admit, rejectReplay } from "./admit.js";
import { awaitEnd, type BodyLimits, readBody } from "./body.js";
import type { Bytes } from "./bytes.js";
import { isCollecting, isUnread, keptBytes, type Leftover, leftover, type ParsedRequest } from "./consumed.js";
import { outcomeHeader } from "./outcome.js";

/** How long the rest of a rejected body is read and discarded. A sender reads the response only after it has sent the body. */
const DRAIN_MS = 2_000;

/** No list of pairs, which older releases of on-headers (in morgan, compression, express-session) misread. */
const OK_HEADERS = { "Content-Type": "application/json", "Content-Length": "2" };

const LOOPBACK = /^(?:::ffff:)?127(?:\.\d{1,3}){3}$|^::1$/;

/** The parts of a receiver that an exchange uses. */
export interface Receiving {
  readonly intake: Intake;
  readonly recorder: Recorder;
  readonly settings: ReceiverSettings;
  readonly warnings: Warnings;
}

/** One request on `node:http`, or on Express, whose objects are the same with more on them. */
export class NodeExchange {
  readonly #startedAt = performance.now();
  /** Looked up once: on the objects of Express each look costs. */
  #headers: IncomingHttpHeaders = {};
  /** Without the token. */
  #url = "/";

  constructor(
    private readonly request: ParsedRequest,
    private readonly response: ServerResponse,
    private readonly receiving: Receiving,
  ) {}

  /** Handles the request and sends the response. Never throws. */
  run(): void {
    const { request } = this;
    const { settings, recorder } = this.receiving;
    recorder.inFlight++;
    try {
      const { headers } = request;
      this.#headers = headers;
      const { method, url } = request;
      this.#url = admit({ method, url, headers }, settings);
      if (headers["airudder-replay"] !== undefined && !this.#replaysAllowed()) rejectReplay();
      if (headers["airudder-token"] !== undefined) {
        const { "airudder-token": _, ...others } = headers;
        this.#headers = others;
      }
      const kept = request.rawBody === undefined ? undefined : keptBytes(request);
      if (kept !== undefined && isCollecting(request)) awaitEnd(request, this.#limits, this.#onCollected);
      else if (kept !== undefined) this.#takeParsed(kept);
      else if (isUnread(request)) {
        const length = headers["content-length"];
        readBody(request, length === undefined ? undefined : Number(length), this.#limits, this.#onBody);
      } else this.#takeLeftover();
    } catch (error) {
      this.#refuse(error);
    }
  }

  get #limits(): BodyLimits {
    const { maxBodyBytes, bodyTimeoutMs, deadlineMs } = this.receiving.settings;
    return { maxBodyBytes, timeoutMs: Math.min(bodyTimeoutMs, deadlineMs), startedAt: this.#startedAt };
  }

  #replaysAllowed(): boolean {
    const { allowReplays } = this.receiving.settings;
    return allowReplays === "loopback" ? LOOPBACK.test(this.request.socket?.remoteAddress ?? "") : allowReplays;
  }

  readonly #onCollected = (error: AirudderError | undefined): void => {
    const kept = error === undefined ? keptBytes(this.request) : undefined;
    if (kept === undefined) this.#refuse(error);
    else this.#takeParsed(kept);
  };

  readonly #onBody = (error: AirudderError | undefined, body: Bytes | undefined): void => {
    if (error !== undefined) this.#refuse(error);
    else if (body === undefined) this.receiving.recorder.inFlight--;
    else if (body.bytes.length === 0) this.#takeEmpty(body);
    else this.#takeEncoded(body, this.#headers["content-encoding"]);
  };

  /** The stream was empty: some test kits and hosts put the body into `request.body` instead. */
  #takeEmpty(empty: Bytes): void {
    try {
      if (hasContent(this.request.body)) this.#takeLeftover();
      else this.#takeEncoded(empty, this.#headers["content-encoding"]);
    } catch (error) {
      this.#refuse(error);
    }
  }

  #takeLeftover(): void {
    try {
      const left = leftover(this.request);
      if (left.payload === undefined) this.#takeParsed(left);
      else this.#take(left, left.bytes);
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** Handles bytes that an earlier parser kept. Some parsers decompress the body but leave the header `content-encoding`. */
  #takeParsed(body: Bytes): void {
    const { "content-encoding": encoding, ...others } = this.#headers;
    const isInflated = isEncoded(encoding) && /^(?:\ufeff)?\s*[{[]/.test(body.bytes.toString("utf8", 0, 64));
    if (isInflated) this.#headers = others;
    this.#takeEncoded(body, isInflated ? undefined : encoding);
  }

  #takeEncoded(body: Bytes, encoding: string | undefined): void {
    if (!isEncoded(encoding)) {
      this.#take(body, body.bytes);
      return;
    }
    inflateBody(body.bytes, encoding, this.receiving.settings.maxBodyBytes).then(
      (raw) => this.#take(body, raw),
      (error) => this.#refuse(error),
    );
  }

  #take({ bytes, isExact, payload }: Leftover, raw: Buffer): void {
    const { settings, intake } = this.receiving;
    if (raw.length > settings.maxBodyBytes) {
      this.#refuse(tooLarge(settings.maxBodyBytes));
      return;
    }
    const answer = intake.process({
      method: "POST",
      url: this.#url,
      headers: this.#headers,
      body: bytes,
      raw,
      payload,
      reserialised: !isExact,
      startedAt: this.#startedAt,
    });
    if (answer instanceof Promise) void answer.then((settled) => this.#answer(settled));
    else this.#answer(answer);
  }

  #refuse(error: unknown): void {
    this.#answer(this.receiving.intake.reject(error, this.#startedAt));
  }

  /** Code that wraps the response, such as a logger of the app, may throw. The sender then gets no response and retries. */
  #answer(answer: HttpResponse): void {
    const { recorder, warnings } = this.receiving;
    recorder.inFlight--;
    try {
      this.#send(answer);
    } catch (error) {
      warnings.warn("AIRUDDER_RESPONSE_FAILED", `The response to a push could not be sent: ${messageOf(error)}`, {
        key: "response",
      });
      try {
        this.response.destroy?.();
      } catch {
        // The connection is already unusable.
      }
    }
  }

  #send(answer: HttpResponse): void {
    const { request, response } = this;
    if (response.headersSent || response.destroyed) return;
    const asksForOutcome = this.#headers["airudder-devproxy"] === "1";
    if (answer.status === 200 && !asksForOutcome) {
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
    if (asksForOutcome) {
      headers["Airudder-Outcome"] = outcomeHeader(answer, performance.now() - this.#startedAt, this.#replaysAllowed());
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

/** Discards the rest of the body, then closes the connection. A sender that is still sending would not read the response. */
function drain(request: IncomingMessage): void {
  const timer = setTimeout(() => request.destroy(), DRAIN_MS);
  timer.unref();
  request.once("close", () => clearTimeout(timer));
  request.resume();
}
