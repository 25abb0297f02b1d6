import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { type AirudderError, tooLarge } from "../errors.js";
import { messageOf } from "../observe/describe-error.js";
import type { Recorder } from "../observe/recorder.js";
import type { Warnings } from "../observe/warnings.js";
import type { ReceiverSettings } from "../options.js";
import { decompressBody, isEncoded } from "../push/decompress.js";
import type { Intake } from "../receiver/intake.js";
import { type HttpResponse, headersOf } from "../receiver/response.js";
import type { BodyBytes } from "./body.js";
import { awaitOtherReader, type BodyLimits, readBody } from "./body.js";
import { outcomeHeader } from "./outcome.js";
import {
  isRawBodyIncomplete,
  isUnread,
  type ParsedBody,
  type ParsedRequest,
  readParsedBody,
  readRawBody,
} from "./parsed-request.js";
import { checkRequestHead, rejectReplay } from "./request-head.js";

/** Maximum time to read and discard the rest of a rejected body. */
const DRAIN_MS = 2_000;

/** An object, not an array: older releases of on-headers (in morgan, compression, express-session) misread arrays. */
const OK_HEADERS = { "Content-Type": "application/json", "Content-Length": "2" };

const LOOPBACK = /^(?:::ffff:)?127(?:\.\d{1,3}){3}$|^::1$/;

/** The parts of a receiver that serve a request. */
interface ReceiverParts {
  readonly intake: Intake;
  readonly recorder: Recorder;
  readonly settings: ReceiverSettings;
  readonly warnings: Warnings;
}

/** One request and its response, on `node:http` or Express. */
export class NodeExchange {
  readonly #startedAt = performance.now();
  /** Without the token. Read once: `request.headers` is a getter, slow on the objects of Express. */
  #headers: IncomingHttpHeaders = {};
  /** Without the token. */
  #url = "/";

  constructor(
    private readonly request: ParsedRequest,
    private readonly response: ServerResponse,
    private readonly receiver: ReceiverParts,
  ) {}

  /** Handles the request and sends the response. Never throws. */
  run(): void {
    const { request } = this;
    const { settings, recorder } = this.receiver;
    recorder.inFlight++;
    try {
      const { headers } = request;
      this.#headers = headers;
      const { method, url } = request;
      this.#url = checkRequestHead({ method, url, headers }, settings);
      if (headers["airudder-replay"] !== undefined && !this.#replaysAllowed()) rejectReplay();
      if (headers["airudder-token"] !== undefined) {
        const { "airudder-token": _, ...others } = headers;
        this.#headers = others;
      }
      const rawBody = request.rawBody === undefined ? undefined : readRawBody(request);
      if (rawBody !== undefined && isRawBodyIncomplete(request))
        awaitOtherReader(request, this.#limits, this.#onRawBodyComplete);
      else if (rawBody !== undefined) this.#processRawBody(rawBody);
      else if (isUnread(request)) {
        const length = headers["content-length"];
        readBody(request, length === undefined ? undefined : Number(length), this.#limits, this.#onBody);
      } else this.#processParsedBody();
    } catch (error) {
      this.#reject(error);
    }
  }

  get #limits(): BodyLimits {
    const { maxBodyBytes, bodyTimeoutMs, deadlineMs } = this.receiver.settings;
    return { maxBodyBytes, timeoutMs: Math.min(bodyTimeoutMs, deadlineMs), startedAt: this.#startedAt };
  }

  #replaysAllowed(): boolean {
    const { allowReplays } = this.receiver.settings;
    return allowReplays === "loopback" ? LOOPBACK.test(this.request.socket?.remoteAddress ?? "") : allowReplays;
  }

  readonly #onRawBodyComplete = (error: AirudderError | undefined): void => {
    const rawBody = error === undefined ? readRawBody(this.request) : undefined;
    if (rawBody === undefined) this.#reject(error);
    else this.#processRawBody(rawBody);
  };

  readonly #onBody = (error: AirudderError | undefined, body: BodyBytes | undefined): void => {
    if (error !== undefined) this.#reject(error);
    else if (body === undefined) this.receiver.recorder.inFlight--;
    else if (body.bytes.length === 0) this.#processEmpty(body);
    else this.#decompressAndProcess(body, this.#headers["content-encoding"]);
  };

  /** Processes an empty stream. Some test libraries and hosting platforms pass the body in `request.body` instead. */
  #processEmpty(empty: BodyBytes): void {
    try {
      if (hasBody(this.request.body)) this.#processParsedBody();
      else this.#decompressAndProcess(empty, this.#headers["content-encoding"]);
    } catch (error) {
      this.#reject(error);
    }
  }

  #processParsedBody(): void {
    try {
      const body = readParsedBody(this.request);
      if (body.payload === undefined) this.#processRawBody(body);
      else this.#process(body, body.bytes);
    } catch (error) {
      this.#reject(error);
    }
  }

  /**
   * Processes bytes that an earlier parser stored. Some parsers decompress the body but leave the header `content-encoding`, so bytes that
   * start like JSON count as decompressed.
   */
  #processRawBody(body: BodyBytes): void {
    const { "content-encoding": encoding, ...others } = this.#headers;
    const isDecompressed = isEncoded(encoding) && /^(?:\ufeff)?\s*[{[]/.test(body.bytes.toString("utf8", 0, 64));
    if (isDecompressed) this.#headers = others;
    this.#decompressAndProcess(body, isDecompressed ? undefined : encoding);
  }

  #decompressAndProcess(body: BodyBytes, encoding: string | undefined): void {
    if (!isEncoded(encoding)) {
      this.#process(body, body.bytes);
      return;
    }
    decompressBody(body.bytes, encoding, this.receiver.settings.maxBodyBytes).then(
      (raw) => this.#process(body, raw),
      (error) => this.#reject(error),
    );
  }

  #process({ bytes, isExact, payload }: ParsedBody, raw: Buffer): void {
    const { settings, intake } = this.receiver;
    if (raw.length > settings.maxBodyBytes) {
      this.#reject(tooLarge(settings.maxBodyBytes));
      return;
    }
    const processed = intake.process({
      method: "POST",
      url: this.#url,
      headers: this.#headers,
      body: bytes,
      raw,
      payload,
      reserialised: !isExact,
      startedAt: this.#startedAt,
    });
    if (processed instanceof Promise) void processed.then((httpResponse) => this.#respond(httpResponse));
    else this.#respond(processed);
  }

  #reject(error: unknown): void {
    this.#respond(this.receiver.intake.reject(error, this.#startedAt));
  }

  /**
   * Sends the response. Code of the app that wraps the response, such as a logger, may throw. The connection is then closed, and the sender
   * retries.
   */
  #respond(httpResponse: HttpResponse): void {
    const { recorder, warnings } = this.receiver;
    recorder.inFlight--;
    try {
      this.#send(httpResponse);
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

  #send(httpResponse: HttpResponse): void {
    const { request, response } = this;
    if (response.headersSent || response.destroyed) return;
    const outcomeRequested = this.#headers["airudder-devproxy"] === "1";
    if (httpResponse.status === 200 && !outcomeRequested) {
      response.writeHead(200, OK_HEADERS);
      // Sends the headers and the body in one chunk. end(body) would send a second, empty chunk. Measured on Node 20: on node:http, end(body)
      // takes 2 to 19 % more processor time per push; on Express there is no difference. The mock responses of test libraries have no cork().
      response.cork?.();
      response.write(httpResponse.body);
      response.uncork?.();
      response.end();
      return;
    }
    const headers: Record<string, string | number> = {
      ...headersOf(httpResponse),
      "Content-Length": Buffer.byteLength(httpResponse.body),
    };
    if (outcomeRequested) {
      headers["Airudder-Outcome"] = outcomeHeader(
        httpResponse,
        performance.now() - this.#startedAt,
        this.#replaysAllowed(),
      );
    }
    response.writeHead(httpResponse.status, headers);
    response.end(httpResponse.body);
    // The mock requests of test libraries may not be streams.
    if (!request.complete && typeof request.resume === "function") drain(request);
  }
}

function hasBody(body: unknown): boolean {
  return typeof body === "object" && body !== null ? Object.keys(body).length > 0 : body !== undefined && body !== "";
}

/**
 * Reads and discards the rest of the body, because most senders read the response only after they have sent the body. Closes the connection
 * if the body takes longer than `DRAIN_MS`.
 */
function drain(request: IncomingMessage): void {
  const timer = setTimeout(() => request.destroy(), DRAIN_MS);
  timer.unref();
  request.once("close", () => clearTimeout(timer));
  request.resume();
}
