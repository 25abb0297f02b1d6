import type { IncomingMessage, ServerResponse } from "node:http";
import { AirudderError } from "./errors.js";
import { catalogue } from "./generated/catalogue.js";
import type { PushType } from "./generated/types.js";
import { useDictionaryMode } from "./http/dictionary-mode.js";
import { handleFetch } from "./http/fetch.js";
import { NodeExchange } from "./http/node.js";
import type { DeadPush } from "./inbox/inbox.js";
import { Recorder } from "./observe/recorder.js";
import { Warnings } from "./observe/warnings.js";
import { type AirudderOptions, checkOptions, type ReceiverSettings } from "./options.js";
import { TYPES } from "./push/identify.js";
import { DirectMode } from "./receiver/direct-mode.js";
import { type Handler, type HandlerMap, Handlers, type PushFor } from "./receiver/handlers.js";
import { InboxMode } from "./receiver/inbox-mode.js";
import { Intake } from "./receiver/intake.js";
import { type Stats, statsOf } from "./receiver/stats.js";

/**
 * Receives pushes: a middleware function for Express 4 and 5, Connect and plain `node:http`, with methods to control it.
 * `Transaction`: type of the transaction that handlers get from the inbox; `undefined`: none.
 */
export interface Receiver<Transaction = undefined> {
  (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void): void;
  /**
   * Registers a handler for a type, for `*` or for `quarantined`. `*` receives every push that is not quarantined, after the handlers of
   * its type. Handlers run in the order of registration. If one fails, all of them run again at the next attempt.
   * @throws AirudderError `invalid_option` for a type that does not exist, or a handler that is not a function
   * @example receiver.on("call.completed", async ({ payload }) => save(payload.TaskID, payload.Details));
   */
  on<K extends PushType | keyof HandlerMap>(type: K, handler: Handler<PushFor<K>, Transaction>): Receiver<Transaction>;
  /**
   * Handles a web-standard request, as Hono, Next.js, Deno and Bun provide it.
   * @example export const POST = (request: Request) => receiver.fetch(request);
   */
  fetch(request: Request): Promise<Response>;
  /**
   * Starts handling, unless the option `work` is `false`, and resolves when pushes can be stored. Direct mode is always ready.
   * @param options.waitMs maximum time to wait, for example while another process still holds the lock. Milliseconds; default 0
   * @throws the reason if the inbox cannot be opened in time, such as a JournalError `journal_locked`
   * @example await receiver.ready({ waitMs: 30_000 }); // a rolling deploy: the old process releases the folder
   */
  ready(options?: { waitMs?: number }): Promise<void>;
  /**
   * Starts handling stored pushes, also if the option `work` is `false`. Call it in a process without a server. If you do not, handling
   * starts with the first call of `ready()` or with the first request, and no later than 5 seconds after `airudder()`. The process then runs
   * until `close()`.
   * @throws the reason if the inbox cannot be opened
   * @example await receiver.work(); // a worker process
   */
  work(): Promise<void>;
  /** Counts, and the state of the inbox. */
  stats(): Stats;
  /** The dead and quarantined pushes: the inbox keeps them and does not retry them automatically. None in direct mode. */
  dead(): Promise<readonly DeadPush[]>;
  /**
   * Retries a dead or quarantined push. Returns `false` if there is none with this id. A process that does not handle pushes stores the
   * retry, and a process that does executes it.
   * @throws AirudderError `no_handler` if this process handles pushes and no handler is registered for it
   */
  retry(id: string): Promise<boolean>;
  /** Permanently discards a dead or quarantined push. Returns `false` if there is none with this id. */
  drop(id: string): Promise<boolean>;
  /**
   * Stops accepting pushes (503 `busy`), waits for running handlers, then closes the inbox. After `timeoutMs` (default 10,000) it aborts the
   * signals of handlers that still run; the next start handles their pushes again.
   * @throws AirudderError `invalid_option` if `timeoutMs` is not a number >= 0
   */
  close(options?: { timeoutMs?: number }): Promise<void>;
}

const CLOSE_TIMEOUT_MS = 10_000;
/** Maximum delay between the creation of a receiver and the start of handling. Leaves time to register handlers. */
const START_DELAY_MS = 5_000;
const READY_POLL_MS = 200;
/** The maximum delay of Node's timers, minus the 1,000 ms that inbox mode adds, and minus a margin. */
const MAX_TIMEOUT_MS = 2 ** 31 - 2_000;

/**
 * Creates a receiver of Airudder's pushes. It verifies, validates and stores each push, responds to it, and calls its typed handlers.
 *
 * It follows the vendor's rules for call completion in a workflow. The response must arrive within 10 seconds. After a failure, the vendor
 * retries five times, once a minute.
 * @throws AirudderError `invalid_option`, naming the option and a valid value
 * @example
 * const receiver = airudder({ key: process.env.AIRUDDER_KEY, inbox: fileInbox("./airudder-inbox") });
 * receiver.on("call.completed", async (push) => save(push.payload));
 * app.use("/webhooks/airudder", receiver);
 */
export function airudder<Transaction = undefined>(options: AirudderOptions<Transaction> = {}): Receiver<Transaction> {
  const settings = checkOptions(options);
  const warnings = new Warnings(settings.warnings);
  warnAboutOptions(settings, warnings);
  const recorder = new Recorder(settings.observe);
  const handlers = new Handlers();
  const intake = new Intake(settings, recorder, warnings);
  const { inbox } = settings;
  const inboxMode =
    inbox === undefined
      ? undefined
      : new InboxMode(inbox, handlers, recorder, warnings, settings, intake.duplicateEvents);
  const mode = inboxMode ?? new DirectMode(handlers, recorder, warnings);
  intake.mode = mode;
  const startTimer = inboxMode && setTimeout(() => inboxMode.start(), START_DELAY_MS).unref();
  /** Keeps a process without a server running. */
  let working: NodeJS.Timeout | undefined;
  const parts = { intake, recorder, settings, warnings };

  function receiver(request: IncomingMessage, response: ServerResponse): void {
    useDictionaryMode(request, response);
    new NodeExchange(request, response, parts).run();
  }

  async function ready({ waitMs = 0 }: { waitMs?: number } = {}): Promise<void> {
    checkMs("receiver.ready()", "waitMs", waitMs);
    if (inboxMode === undefined) return;
    inboxMode.start();
    for (const deadline = performance.now() + waitMs; ; ) {
      try {
        return await inboxMode.open();
      } catch (error) {
        if (performance.now() >= deadline || intake.closing) throw error;
        await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
      }
    }
  }

  return Object.assign(receiver, {
    on(type: string, handler: unknown) {
      checkHandler(type, handler);
      warnUnreachable(type, settings, warnings);
      handlers.add(type, handler as Handler<never, never>);
      return receiver as Receiver<Transaction>;
    },
    fetch: (request: Request) => {
      recorder.inFlight++;
      return handleFetch(request, intake, settings).finally(() => recorder.inFlight--);
    },
    ready,
    work: () => {
      if (inboxMode !== undefined && !intake.closing) {
        inboxMode.enableWork();
        working ??= setInterval(() => undefined, MAX_TIMEOUT_MS);
      }
      return ready();
    },
    stats: () => statsOf(recorder, inbox),
    dead: async () => (await inboxMode?.dead()) ?? [],
    retry: async (id: string) => (await inboxMode?.retry(id)) ?? false,
    drop: async (id: string) => (await inboxMode?.drop(id)) ?? false,
    close: async ({ timeoutMs = CLOSE_TIMEOUT_MS }: { timeoutMs?: number } = {}) => {
      checkMs("receiver.close()", "timeoutMs", timeoutMs);
      intake.closing = true;
      clearTimeout(startTimer);
      clearInterval(working);
      await mode.close(Math.min(timeoutMs, MAX_TIMEOUT_MS));
    },
  }) as Receiver<Transaction>;
}

function checkMs(where: string, name: string, value: unknown): void {
  if (typeof value === "number" && value >= 0) return;
  const message = `${where}: option "${name}" must be a number of 0 or more, such as 10000.`;
  throw new AirudderError("invalid_option", message);
}

function warnAboutOptions({ isKeyUnset, isTokenUnset, sign, type }: ReceiverSettings, warnings: Warnings): void {
  if (isKeyUnset && sign.verify !== "off") {
    warnings.once(
      "AIRUDDER_DEFAULT_KEY",
      'The option key is not set: signatures are verified with the vendor\'s published key "airudder", so anybody can sign pushes. Agree on a KEY with the vendor and pass it as the option key. To use the published key without this warning, pass key: "airudder".',
    );
  }
  const isSigned = sign.verify === "required" && catalogue.some((each) => each.type === type && each.sign === "Sign");
  if (isTokenUnset && !isSigned) {
    warnings.once(
      "AIRUDDER_NO_TOKEN",
      "The option token is not set: most pushes carry no signature, so anybody who knows the URL can send them. Pass a secret as the option token, and append it to the URL given to Airudder as ?token=…. To run without a token and without this warning, pass token: false.",
    );
  }
}

/** Warns about a handler that can never run. No other error would show this mistake. */
function warnUnreachable(type: string, settings: ReceiverSettings, warnings: Warnings): void {
  if (type === "*" || type === "quarantined") return;
  const { type: mountType } = settings;
  if (mountType !== undefined && mountType !== type) {
    warnings.once(
      "AIRUDDER_UNREACHABLE_HANDLER",
      `The handler of receiver.on("${type}") never runs: all pushes of this mount have the type ${mountType}, set by the option type.`,
      `unreachable ${mountType} ${type}`,
    );
    return;
  }
  const schemas = catalogue.filter((schema) => schema.type === type);
  if (mountType !== undefined || type === "unknown" || schemas.some(({ identify }) => identify.length > 0)) return;
  warnings.once(
    "AIRUDDER_UNREACHABLE_HANDLER",
    `The handler of receiver.on("${type}") never runs on this mount: the shape of ${type} is not known, so it cannot be identified. Give these pushes their own mount: airudder({ type: "${type}" }).`,
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
      `receiver.on("${type}"): the handler must not be a generator function, because its body would never run. Use an async function.`,
    );
  }
}
