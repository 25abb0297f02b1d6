import { readFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { type Reply, send } from "./devproxy.js";

/** A client of the HTTP API of a running `listen`. */
export class Api {
  readonly port: number;
  readonly token: string;

  /** @param dir folder of the journal */
  constructor(dir: string) {
    const { port, token } = JSON.parse(readFileSync(join(dir, "listen.json"), "utf8"));
    this.port = port;
    this.token = token;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** A request with the token. @param path below `/api/v1` */
  send(method: string, path: string, body?: object | string, headers: Record<string, string> = {}): Promise<Reply> {
    const text = typeof body === "object" ? JSON.stringify(body) : (body ?? "");
    return send(`${this.origin}/api/v1${path}`, text, {
      method,
      headers: { authorization: `Bearer ${this.token}`, ...headers },
    });
  }

  /** The body of the response to a GET, which must be 200. */
  async get<T>(path: string): Promise<T> {
    const { status, text } = await this.send("GET", path);
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${text}`);
    return JSON.parse(text) as T;
  }

  /** The lines of the response to a POST or GET. */
  async lines<T>(method: string, path: string, body?: object): Promise<T[]> {
    const { status, text } = await this.send(method, path, body);
    if (status !== 200) throw new Error(`${method} ${path}: ${status} ${text}`);
    return text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as T);
  }

  /** Opens the stream of events. */
  events(): EventStream {
    return new EventStream(this);
  }
}

/** An event of the stream: its name, id and data. */
export interface SentEvent {
  id: number;
  event: string;
  data: Record<string, unknown>;
}

/** A client of `GET /events`. */
export class EventStream {
  readonly events: SentEvent[] = [];
  /** Set when the response has begun. */
  contentType: string | undefined;
  isEnded = false;
  text = "";
  readonly #request: ReturnType<typeof httpRequest>;
  #response: import("node:http").IncomingMessage | undefined;

  constructor({ origin, token }: Api) {
    this.#request = httpRequest(`${origin}/api/v1/events`, {
      headers: { authorization: `Bearer ${token}` },
      agent: false,
    });
    this.#request.on("error", () => undefined);
    this.#request.on("response", (response) => {
      this.#response = response;
      this.contentType = response.headers["content-type"];
      let rest = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        this.text += chunk;
        const blocks = (rest + chunk).split("\n\n");
        rest = blocks.pop() as string;
        this.events.push(...blocks.filter((block) => !block.startsWith(":")).map(parse));
      });
      response.on("end", () => {
        this.isEnded = true;
      });
    });
    this.#request.end();
  }

  pause(): void {
    this.#response?.pause();
  }

  resume(): void {
    this.#response?.resume();
  }

  close(): void {
    this.#request.destroy();
  }
}

function parse(block: string): SentEvent {
  const fields = Object.fromEntries(
    block.split("\n").map((line) => [line.split(": ", 1)[0], line.slice(line.indexOf(": ") + 2)]),
  );
  return { id: Number(fields.id), event: String(fields.event), data: JSON.parse(String(fields.data)) };
}
