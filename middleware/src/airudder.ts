import type { IncomingMessage, ServerResponse } from "node:http";
import { AirudderError } from "./errors.js";
import type { PushType } from "./generated/types.js";
import { handleFetch } from "./http/fetch.js";
import { NodeExchange } from "./http/node.js";
import { shareShape } from "./http/shape.js";
import { Direct } from "./inbox/direct.js";
import type { DeadPush } from "./inbox/inbox.js";
import { Stored } from "./inbox/stored.js";
import { Intake } from "./intake.js";
import { Recorder } from "./observe/recorder.js";
import type { Stats } from "./observe/stats.js";
import { warnOnce } from "./observe/warn.js";
import { type AirudderOptions, checkOptions, TYPES } from "./options.js";
import { type Handler, type HandlerMap, Handlers, type PushFor } from "./work/handlers.js";

/** Takes pushes: a middleware for Express 4 and 5, Connect and plain `node:http`, with the functions to work with it. */
export interface Receiver {
  (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void): void;
  /**
   * Registers a handler: for a type, for `*` (every accepted push, after the handlers of its type), or for `quarantined`. Several run in
   * the order in which they were registered; when one fails, all of them run again at the next try.
   * @throws AirudderError `invalid_option` for a type that does not exist, or a handler that is no function
   * @example receiver.on("call.completed", async ({ payload }) => save(payload.TaskID, payload.Details));
   */
  on<K extends PushType | keyof HandlerMap>(type: K, handler: Handler<PushFor<K>>): Receiver;
  /**
   * Takes a web-standard request, as Hono, Next.js, Deno and Bun have them.
   * @example export const POST = (request: Request) => receiver.fetch(request);
   */
  fetch(request: Request): Promise<Response>;
  /** Resolves when pushes can be taken: the inbox is open. Rejects with the reason, such as a lock of another process. */
  ready(): Promise<void>;
  /** What has been done, and what waits. */
  stats(): Stats;
  /** The pushes that the inbox keeps and does not try again by itself: failed too often, or quarantined. None in direct mode. */
  dead(): Promise<readonly DeadPush[]>;
  /** Tries a dead push again; `false` when there is none of that id. */
  retry(id: string): Promise<boolean>;
  /**
   * Stops taking (503 `busy`) and waits for the handlers that run, at most `timeoutMs` (default 10,000); then aborts their signals, gives
   * their pushes back to the inbox and closes it.
   */
  close(options?: { timeoutMs?: number }): Promise<void>;
}

const CLOSE_TIMEOUT_MS = 10_000;

/**
 * Makes a receiver of Airudder's pushes: it verifies, validates, stores and answers them, and hands them to typed handlers.
 *
 * The rules it keeps are the vendor's: an answer within 10 seconds, a new try each minute on anything but 200, five of them, then never again
 * (page on call completion in a workflow).
 * @throws AirudderError `invalid_option`, naming the option and a right value
 * @example
 * const receiver = airudder({ key: process.env.AIRUDDER_KEY, inbox: fileInbox("./airudder-inbox") });
 * receiver.on("call.completed", async (push) => save(push.payload));
 * app.use("/webhooks/airudder", receiver);
 */
export function airudder(options: AirudderOptions = {}): Receiver {
  const settings = checkOptions(options);
  if (settings.usesDefaultKey && settings.sign.verify !== "off") {
    warnOnce(
      "AIRUDDER_DEFAULT_KEY",
      'No key was given: signatures are checked with the vendor\'s public default "airudder", which protects nothing, since anybody can sign with it. Agree on a KEY with Airudder and pass it as the option key; pass key: "airudder" to say that you know.',
    );
  }
  let closing = false;
  const recorder = new Recorder(settings.observe);
  const handlers = new Handlers();
  const stored = settings.inbox === undefined ? undefined : new Stored(settings.inbox, handlers, recorder, settings);
  const keeper = stored ?? new Direct(handlers, recorder);
  const intake = new Intake(settings, recorder, (admitted) => {
    if (closing) throw new AirudderError("busy", "The receiver is closing; send it again.");
    return keeper.keep(admitted);
  });
  stored?.start((push) => intake.recovered(push));

  function receiver(request: IncomingMessage, response: ServerResponse): void {
    shareShape(request, response);
    new NodeExchange(request, response, intake, recorder, settings).run();
  }

  return Object.assign(receiver, {
    on(type: string, handler: unknown) {
      checkHandler(type, handler);
      handlers.add(type, handler as Handler<never>);
      return receiver as Receiver;
    },
    fetch: (request: Request) => {
      recorder.inFlight++;
      return handleFetch(request, intake, settings).finally(() => recorder.inFlight--);
    },
    ready: async () => settings.inbox?.ready?.(),
    stats: () => recorder.stats(settings.inbox?.state?.()),
    dead: async () => (await settings.inbox?.dead?.()) ?? [],
    retry: async (id: string) => (await settings.inbox?.retry?.(id)) ?? false,
    close: async ({ timeoutMs = CLOSE_TIMEOUT_MS }: { timeoutMs?: number } = {}) => {
      closing = true;
      await keeper.close(timeoutMs);
    },
  }) as Receiver;
}

function checkHandler(type: string, handler: unknown): void {
  if (type !== "*" && type !== "quarantined" && !TYPES.includes(type)) {
    throw new AirudderError(
      "invalid_option",
      `receiver.on(): unknown type "${type}". Types: ${TYPES.join(", ")}, quarantined, *.`,
    );
  }
  if (typeof handler !== "function") {
    throw new AirudderError(
      "invalid_option",
      `receiver.on("${type}"): the handler must be a function, such as async (push) => {}.`,
    );
  }
}
