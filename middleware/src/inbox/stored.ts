import { AirudderError } from "../errors.js";
import type { PushType } from "../generated/types.js";
import type { HeaderMap } from "../journal/index.js";
import type { Recorder } from "../observe/recorder.js";
import { warnUnhandled } from "../observe/warn.js";
import { findSchema } from "../push/identify.js";
import { inflateBodySync, isEncoded } from "../push/inflate.js";
import { parseBody } from "../push/parse.js";
import type { Push, QuarantinedPush } from "../push/push.js";
import { findKeys } from "../push/subject.js";
import { validate } from "../push/validate.js";
import type { HandlerContext, Handlers } from "../work/handlers.js";
import { type Attempt, type Inbox, type InboxEvents, Quarantined, type StoredPush } from "./inbox.js";
import { type Admitted, type Keeper, settlesWithin } from "./keeper.js";
import { messageOf } from "./message.js";

const PARSED = Symbol("parsed");

/** A push that may still be in memory as it was parsed: it need not be parsed again. */
interface ParsedPush extends StoredPush {
  readonly [PARSED]?: Admitted;
}

/** Inbox mode: a push is kept when the inbox has stored it; its handlers run afterwards, as the inbox hands it out. */
export class Stored implements Keeper {
  constructor(
    private readonly inbox: Inbox,
    private readonly handlers: Handlers,
    private readonly recorder: Recorder,
    private readonly settings: { readonly type: PushType | undefined; readonly maxBodyBytes: number },
  ) {}

  readonly keep = (admitted: Admitted): Promise<void> => {
    const stored = this.#describe(admitted);
    return this.inbox.put(stored).catch((cause) => {
      throw new AirudderError("inbox_unavailable", "The push could not be stored; send it again.", {
        cause,
        hint: messageOf(cause),
      });
    });
  };

  /** Starts the work, also on what an earlier process left. */
  start(recovered: InboxEvents["recovered"]): void {
    this.inbox.consume((stored, attempt) => this.#handle(stored, attempt), {
      recovered,
      retrying: ({ id, type }, attempt, error, delayMs) =>
        this.recorder.tell({ event: "retrying", id, type, attempt, error, delayMs }),
      dead: ({ id, type }, attempt, error) => this.recorder.tell({ event: "dead", id, type, attempt, error }),
    });
  }

  async close(limitMs: number): Promise<void> {
    await settlesWithin(this.inbox.close(limitMs), limitMs + 1_000);
  }

  #describe(admitted: Admitted): ParsedPush {
    const { push, quarantined, schema, subject, digest, received } = admitted;
    const { id, type, receivedAt, reserialised, verified, replay, drift } = push;
    const { method, url, headers, body } = received;
    const keys = findKeys(schema, push.payload);
    return {
      id,
      type,
      receivedAt,
      method,
      url: withoutToken(url),
      // No header is there without a value.
      headers: headers as HeaderMap,
      body,
      sha256: digest,
      reserialised,
      verified,
      replay,
      subject,
      task: keys.task,
      call: keys.call,
      workflow: keys.workflow,
      drift: drift.length,
      quarantined,
      [PARSED]: admitted,
    };
  }

  #handle(stored: StoredPush, attempt: Attempt): void | Promise<void> {
    const { number } = attempt;
    const startedAt = performance.now();
    const { id, type } = stored;
    const { push, quarantined } = this.#read(stored, number);
    if (quarantined && !this.handlers.has("quarantined")) throw new Quarantined();
    if (!quarantined && !this.handlers.handles(type)) warnUnhandled(type);
    const done = (): void => {
      this.recorder.tell({ event: "handled", id, type, attempt: number, ms: performance.now() - startedAt });
    };
    const handling = this.handlers.run(push, quarantined, new Context(attempt));
    return handling === undefined ? done() : handling.then(done);
  }

  /** The push of a stored one. A newer version of this package may see more in it than the one that stored it. */
  #read(stored: StoredPush, attempt: number): { push: Push | QuarantinedPush; quarantined: boolean } {
    const parsed = (stored as ParsedPush)[PARSED];
    if (parsed !== undefined) {
      const push = attempt === 1 ? parsed.push : ({ ...parsed.push, attempt } as Push);
      return { push, quarantined: parsed.quarantined };
    }
    const encoding = stored.headers["content-encoding"];
    const raw =
      typeof encoding === "string" && isEncoded(encoding) && !stored.reserialised
        ? inflateBodySync(stored.body, encoding, this.settings.maxBodyBytes)
        : stored.body;
    const payload = parseBody(raw);
    const schema = findSchema(payload, this.settings.type);
    const { quarantined, drift } = validate(schema, payload);
    const { id, type, reserialised, receivedAt, verified, replay } = stored;
    const push = { id, type, payload, raw, reserialised, receivedAt, attempt, verified, replay, drift } as Push;
    return { push, quarantined };
  }
}

/** Asks for the signal, which is made then, only when a handler does. */
class Context implements HandlerContext {
  readonly #attempt: Attempt;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
  }

  get signal(): AbortSignal {
    return this.#attempt.signal;
  }
}

/** A URL without the secret in it. */
function withoutToken(url: string): string {
  const query = url.indexOf("?");
  if (query < 0 || !url.includes("token=", query)) return url;
  const parameters = new URLSearchParams(url.slice(query + 1));
  parameters.delete("token");
  const rest = parameters.toString();
  return rest === "" ? url.slice(0, query) : `${url.slice(0, query)}?${rest}`;
}
