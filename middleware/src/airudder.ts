import type { IncomingMessage, ServerResponse } from "node:http";
import { AirudderError } from "./errors.js";
import { catalogue } from "./generated/catalogue.js";
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
import { Warnings } from "./observe/warnings.js";
import { type AirudderOptions, checkOptions, type Settings } from "./options.js";
import { TYPES } from "./push/identify.js";
import { type Handler, type HandlerMap, Handlers, type PushFor } from "./work/handlers.js";

/** Receives pushes: a middleware for Express 4 and 5, Connect and plain `node:http`, with functions to control it. */
export interface Receiver {
  (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void): void;
  /**
   * Registers a handler: for a type; for `*`, every push that is not quarantined, after the handlers of its type; or for `quarantined`.
   * Several run in the order in which they were registered; when one fails, all of them run again at the next attempt.
   * @throws AirudderError `invalid_option` for a type that does not exist, or a handler that is not a function
   * @example receiver.on("call.completed", async ({ payload }) => save(payload.TaskID, payload.Details));
   */
  on<K extends PushType | keyof HandlerMap>(type: K, handler: Handler<PushFor<K>>): Receiver;
  /**
   * Takes a web-standard request, as Hono, Next.js, Deno and Bun have them.
   * @example export const POST = (request: Request) => receiver.fetch(request);
   */
  fetch(request: Request): Promise<Response>;
  /**
   * Resolves when pushes can be stored, and starts handling. Direct mode is always ready.
   * @param options.waitMs how long to wait, for example for a lock that another process still holds. Milliseconds; default 0
   * @throws the reason when the inbox cannot be opened in time, such as a JournalError `journal_locked`
   * @example await receiver.ready({ waitMs: 30_000 }); // a rolling deploy: the old process releases the folder
   */
  ready(options?: { waitMs?: number }): Promise<void>;
  /**
   * Starts handling what is stored, without waiting for a request: for a process without a server. Otherwise handling starts at the first
   * of `ready()`, `work()` and a request, at the latest after 5 seconds.
   * @throws the reason when the inbox cannot be opened
   */
  work(): Promise<void>;
  /** Counts and the state of the inbox. */
  stats(): Stats;
  /** The pushes that the inbox keeps and does not retry by itself: dead or quarantined. None in direct mode. */
  dead(): Promise<readonly DeadPush[]>;
  /**
   * Retries a dead push; `false` when there is none of that id.
   * @throws AirudderError `no_handler` when no handler takes its type: register the handlers first
   */
  retry(id: string): Promise<boolean>;
  /** Discards a dead push for good; `false` when there is none of that id. */
  drop(id: string): Promise<boolean>;
  /**
   * Stops accepting (503 `busy`) and waits for running handlers at most `timeoutMs` (default 10,000); then aborts their signals, leaves
   * their pushes to the next start and closes the inbox.
   * @throws AirudderError `invalid_option` when `timeoutMs` is not a number from 0
   */
  close(options?: { timeoutMs?: number }): Promise<void>;
}

const CLOSE_TIMEOUT_MS = 10_000;
/** Handling starts this long after the receiver was created, if nothing started it before: handlers can be registered until then. */
const START_MS = 5_000;
const READY_POLL_MS = 200;
/** No timer of Node is longer. */
const MAX_TIMEOUT_MS = 2 ** 31 - 2_000;

/**
 * Creates a receiver of Airudder's pushes: it verifies, validates, stores and answers them, and hands them to typed handlers.
 *
 * It keeps the vendor's rules: a response within 10 seconds; on an exception a retry each minute, five of them, then never again
 * (vendor's page on call completion in a workflow).
 * @throws AirudderError `invalid_option`, naming the option and a right value
 * @example
 * const receiver = airudder({ key: process.env.AIRUDDER_KEY, inbox: fileInbox("./airudder-inbox") });
 * receiver.on("call.completed", async (push) => save(push.payload));
 * app.use("/webhooks/airudder", receiver);
 */
export function airudder(options: AirudderOptions = {}): Receiver {
  const settings = checkOptions(options);
  const warnings = new Warnings(settings.warnings);
  warnOfOptions(settings, warnings);
  const recorder = new Recorder(settings.observe);
  const handlers = new Handlers();
  const intake = new Intake(settings, recorder, warnings);
  const { inbox } = settings;
  const stored =
    inbox === undefined
      ? undefined
      : new Stored(inbox, handlers, recorder, warnings, settings, (push) => intake.recovered(push));
  const keeper = stored ?? new Direct(handlers, recorder, warnings);
  intake.keeper = keeper;
  const starting = stored && setTimeout(() => stored.start(), START_MS).unref();
  const receiving = { intake, recorder, settings, warnings };

  function receiver(request: IncomingMessage, response: ServerResponse): void {
    shareShape(request, response);
    new NodeExchange(request, response, receiving).run();
  }

  async function ready({ waitMs = 0 }: { waitMs?: number } = {}): Promise<void> {
    if (stored === undefined) return;
    stored.start();
    for (const end = performance.now() + waitMs; ; ) {
      try {
        return await stored.ready();
      } catch (error) {
        if (performance.now() >= end || intake.closing) throw error;
        await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
      }
    }
  }

  return Object.assign(receiver, {
    on(type: string, handler: unknown) {
      checkHandler(type, handler);
      warnUnreachable(type, settings, warnings);
      handlers.add(type, handler as Handler<never>);
      return receiver as Receiver;
    },
    fetch: (request: Request) => {
      recorder.inFlight++;
      return handleFetch(request, intake, settings).finally(() => recorder.inFlight--);
    },
    ready,
    work: () => ready(),
    stats: () => recorder.stats(inbox?.state?.()),
    dead: async () => (await inbox?.dead?.()) ?? [],
    retry: async (id: string) => (await stored?.retry(id)) ?? false,
    drop: async (id: string) => (await inbox?.drop?.(id)) ?? false,
    close: async ({ timeoutMs = CLOSE_TIMEOUT_MS }: { timeoutMs?: number } = {}) => {
      if (typeof timeoutMs !== "number" || !(timeoutMs >= 0)) {
        throw new AirudderError(
          "invalid_option",
          'receiver.close(): option "timeoutMs" must be a number from 0, such as 10000.',
        );
      }
      intake.closing = true;
      clearTimeout(starting);
      await keeper.close(Math.min(timeoutMs, MAX_TIMEOUT_MS));
    },
  }) as Receiver;
}

function warnOfOptions({ usesDefaultKey, lacksToken, sign, type }: Settings, warnings: Warnings): void {
  if (usesDefaultKey && sign.verify !== "off") {
    warnings.once(
      "AIRUDDER_DEFAULT_KEY",
      'No key was given: signatures are checked with the vendor\'s public default "airudder", which protects nothing, since anybody can sign with it. Agree on a KEY with Airudder and pass it as the option key; pass key: "airudder" to state that you want the default.',
    );
  }
  const isSigned = sign.verify === "required" && catalogue.some((each) => each.type === type && each.sign === "Sign");
  if (lacksToken && !isSigned) {
    warnings.once(
      "AIRUDDER_NO_TOKEN",
      "No token was given: most pushes carry no signature, so anybody who knows the URL can send them. Pass a secret as the option token and add it to the URL given to Airudder as ?token=…; pass token: false to state that you want none.",
    );
  }
}

/** A handler that can never run is a mistake that shows nowhere else. */
function warnUnreachable(type: string, settings: Settings, warnings: Warnings): void {
  if (type === "*" || type === "quarantined") return;
  const { type: mounted } = settings;
  if (mounted !== undefined && mounted !== type) {
    warnings.once(
      "AIRUDDER_UNREACHABLE_HANDLER",
      `receiver.on("${type}") never runs: this mount states that all its pushes are of type ${mounted}.`,
      `unreachable ${mounted} ${type}`,
    );
    return;
  }
  const schemas = catalogue.filter((schema) => schema.type === type);
  if (mounted !== undefined || type === "unknown" || schemas.some(({ identify }) => identify.length > 0)) return;
  warnings.once(
    "AIRUDDER_UNREACHABLE_HANDLER",
    `receiver.on("${type}") never runs on this mount: the shape of ${type} is not known, so that it cannot be identified. Give such pushes a mount of their own: airudder({ type: "${type}" }).`,
    `unreachable ${type}`,
  );
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
  if (/GeneratorFunction$/.test(Object.prototype.toString.call(handler).slice(8, -1))) {
    throw new AirudderError(
      "invalid_option",
      `receiver.on("${type}"): the handler must not be a generator function, which nobody runs. Use an async function.`,
    );
  }
}
