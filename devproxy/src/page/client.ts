import type { ApiError, FilterQuery } from "../api/index.js";

/** A request that the inspector rejected, or that got no response (`code` is `unreachable`). */
export class ApiProblem extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** `?a=1&b=2`, without the members that are `undefined`, `false` or empty. `true` becomes `1`. */
export function queryText(query: Query | FilterQuery): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === false || value === ""
      ? []
      : [[name, value === true ? "1" : String(value)] as [string, string]],
  );
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs)}`;
}

/** Requests to the inspector. Each carries the token. */
export class ApiClient {
  constructor(private readonly token: string) {}

  /** The JSON of a response. @throws ApiProblem */
  async get<T>(path: string, query: Query | FilterQuery = {}, signal?: AbortSignal): Promise<T> {
    return (await (await this.#request("GET", path + queryText(query), undefined, signal)).json()) as T;
  }

  /** The text of a response. @throws ApiProblem */
  async text(path: string, query: Query = {}): Promise<string> {
    return (await this.#request("GET", path + queryText(query))).text();
  }

  /** The bytes of a response. @throws ApiProblem */
  async blob(path: string, query: Query | FilterQuery = {}): Promise<Blob> {
    return (await this.#request("GET", path + queryText(query))).blob();
  }

  /** @throws ApiProblem */
  async post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
    return (await (await this.#request("POST", path, body, signal)).json()) as T;
  }

  /** @throws ApiProblem */
  async delete(path: string): Promise<void> {
    await this.#request("DELETE", path);
  }

  /** Posts a request whose response is one JSON object a line. @throws ApiProblem */
  async postLines<T>(path: string, body: unknown, onLine: (line: T) => void, signal?: AbortSignal): Promise<void> {
    const response = await this.#request("POST", path, body, signal);
    let rest = "";
    for await (const text of textOf(response)) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() as string;
      for (const line of lines) if (line !== "") onLine(JSON.parse(line) as T);
    }
  }

  /** The text of a stream, as it arrives. @throws ApiProblem */
  async *stream(path: string, signal: AbortSignal): AsyncGenerator<string> {
    yield* textOf(await this.#request("GET", path, undefined, signal));
  }

  async #request(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.token}` };
    if (body !== undefined) headers["content-type"] = "application/json";
    let response: Response;
    try {
      response = await fetch(`/api/v1${path}`, {
        method,
        headers,
        credentials: "omit",
        cache: "no-store",
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiProblem("unreachable", "The inspector does not respond. Is listen still running?");
    }
    if (response.ok) return response;
    const problem = (await response.json().catch(() => undefined)) as ApiError | undefined;
    throw new ApiProblem(
      problem?.error.code ?? String(response.status),
      problem?.error.message ?? `The inspector responded ${response.status}.`,
    );
  }
}

async function* textOf(response: Response): AsyncGenerator<string> {
  if (response.body === null) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}
