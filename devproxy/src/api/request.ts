import type { IncomingMessage, ServerResponse } from "node:http";
import { type BodyProblem, readBody } from "../http/index.js";
import { type Filters, pickFilters } from "../journal/index.js";
import type { Redactor } from "../privacy/index.js";
import type { ApiContext } from "./context.js";
import { ApiFailure, errorLine, usage } from "./failure.js";
import { causeOf } from "./journal-moved.js";
import type { EndLine } from "./types.js";

/** Maximum size of the body of a request, bytes: a body of 10 MB as a JSON string. */
const MAX_REQUEST_BYTES = 24 * 1024 * 1024;

const BODY_PROBLEMS: Readonly<Record<BodyProblem, [status: number, message: string]>> = {
  too_large: [413, `The body is larger than ${MAX_REQUEST_BYTES / 1024 / 1024} MB.`],
  aborted: [400, "The body is incomplete."],
  broken: [400, "The body is not valid HTTP."],
  timed_out: [408, "The body did not arrive in time."],
};

/** A request to the API that passed the checks of its origin and token. */
export class ApiRequest {
  /** Whether a page sent it: browsers add `Origin` or `Sec-Fetch-Site` to the requests of pages. */
  readonly isFromPage: boolean;

  /** @param ids the parts of the path that the route names, decoded */
  constructor(
    readonly incoming: IncomingMessage,
    readonly response: ServerResponse,
    readonly context: ApiContext,
    readonly ids: readonly string[],
    readonly query: URLSearchParams,
  ) {
    this.isFromPage = incoming.headers.origin !== undefined || incoming.headers["sec-fetch-site"] !== undefined;
  }

  /** Whether the query contains `reveal=1`. */
  get reveal(): boolean {
    return this.flag("reveal");
  }

  /** The redactor for the response. */
  get redactor(): Redactor {
    const { revealing, redacting } = this.context;
    return this.reveal ? revealing : redacting;
  }

  /** The filters of the query. */
  get filters(): Filters {
    return pickFilters(Object.fromEntries(this.query));
  }

  /** @throws ApiFailure `usage`, if the parameter is neither 0 nor 1 */
  flag(name: string): boolean {
    const value = this.query.get(name);
    if (value === null || value === "0") return false;
    if (value !== "1") throw usage(`${name} must be 1 or 0.`);
    return true;
  }

  /** A whole number of the query. @throws ApiFailure `usage` */
  number(name: string, min: number, max: number): number | undefined {
    const text = this.query.get(name);
    if (text === null) return undefined;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max))
      throw usage(
        `${name} must be a whole number of at least ${min}${max < Number.MAX_SAFE_INTEGER ? ` and at most ${max}` : ""}.`,
      );
    return value;
  }

  /** A parameter that must be present. @throws ApiFailure `usage` */
  required(name: string): string {
    const value = this.query.get(name);
    if (value === null || value === "") throw usage(`The parameter ${name} is missing.`);
    return value;
  }

  /** The body, an object. @throws ApiFailure `too_large`, `usage` */
  async json(): Promise<Record<string, unknown>> {
    const body = await readBody(this.incoming, MAX_REQUEST_BYTES);
    if (typeof body === "string") throw new ApiFailure(BODY_PROBLEMS[body][0], body, BODY_PROBLEMS[body][1]);
    let value: unknown;
    try {
      value = JSON.parse(body.toString("utf8"));
    } catch {
      throw usage("The body is not JSON.");
    }
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw usage("The body must be a JSON object.");
    return value as Record<string, unknown>;
  }

  /** A controller that is aborted if the client disconnects before the response has ended. */
  disconnected(): AbortController {
    const stop = new AbortController();
    this.response.on("close", () => {
      if (!this.response.writableFinished) stop.abort();
    });
    this.response.on("error", () => undefined); // the client has disconnected
    return stop;
  }

  /**
   * Sends lines of JSON. If `run` fails before the first line, the response is an error. If it fails later, the last line is an error.
   * @param run calls `print` for each line
   */
  async lines<T extends object>(run: (print: (line: T) => void) => Promise<void>): Promise<void> {
    const { response } = this;
    const print = (line: T | EndLine) => {
      if (response.destroyed) return;
      if (!response.headersSent) response.writeHead(200, { "content-type": "application/x-ndjson" });
      response.write(`${JSON.stringify(line)}\n`);
    };
    try {
      await run(print);
      print({ event: "end" });
    } catch (error) {
      if (!response.headersSent) throw error;
      print(errorLine(await causeOf(error, this.context)));
    }
    response.end();
  }

  /** Sends parts of a file. Waits while the client reads slowly. */
  async stream(headers: Record<string, string>, parts: AsyncIterable<string | Buffer>): Promise<void> {
    const { response } = this;
    const { signal } = this.disconnected();
    for await (const part of parts) {
      if (signal.aborted) return;
      if (!response.headersSent) response.writeHead(200, headers);
      if (!response.write(part)) await drained(response);
    }
    if (!response.headersSent) response.writeHead(200, headers);
    response.end();
  }
}

/** Resolves when the response can be written to, or is closed. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done).off("close", done);
      resolve();
    };
    response.on("drain", done).on("close", done);
  });
}
