import { setMaxListeners } from "node:events";
import type { Socket } from "node:net";
import { folderIdOf } from "../../../journal/folder.js";
import type { LockSocket } from "../../../journal/lock-file.js";
import type { Consumed, DeadPush, InboxState, StoredPush } from "../../inbox.js";
import { type Listening, listenFor, removeSocket, touchSocket } from "./address.js";
import { Connection } from "./connection.js";
import type { Frame } from "./frames.js";
import {
  encodeError,
  encodeState,
  type Hello,
  MESSAGES_VERSION,
  type Request,
  readPush,
  readRequest,
} from "./messages.js";

/** What clients ask the owner for. */
export interface OwnerActions {
  /** Stores a push, unless it is a duplicate. `signal` is aborted when the client no longer waits for the result. */
  accept(push: StoredPush, signal: AbortSignal): Promise<"stored" | "duplicate">;
  replay(push: StoredPush): Promise<Consumed>;
  dead(id?: string): Promise<readonly DeadPush[]>;
  /** Retries a push if the owner's receiver has a handler for it. */
  retry(id: string): Promise<boolean>;
  drop(id: string): Promise<boolean>;
  state(): InboxState;
  /** A client that handles pushes has connected. */
  consumerConnected(): void;
}

/** Interval at which the socket is touched. Some systems remove old files from the temporary folder. */
const TOUCH_MS = 3_600_000;

const NOT_OPEN: InboxState = { open: false, queued: 0, oldest: undefined, dead: 0 };

/** Accepts the pushes of the other processes of this machine, for the owner of a folder. */
export class OwnerServer {
  readonly socket: LockSocket;
  readonly #connections = new Set<Connection>();
  /** Connections whose client has sent the key. */
  readonly #greeted = new Map<Connection, AbortController>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #touching: NodeJS.Timeout;
  #actions: OwnerActions | undefined;
  #isDraining = false;

  private constructor(
    private readonly dir: string,
    private readonly listening: Listening,
  ) {
    this.socket = listening.socket;
    this.#touching = setInterval(() => void touchSocket(this.socket), TOUCH_MS).unref();
    listening.server.on("connection", (socket) => this.#add(socket));
  }

  /** Listens. Requests wait until `serve`. */
  static async listen(dir: string): Promise<OwnerServer> {
    return new OwnerServer(dir, await listenFor(dir));
  }

  /** Accepts requests. */
  serve(actions: OwnerActions): void {
    this.#actions = actions;
    for (const connection of this.#greeted.keys()) connection.send({ opened: true });
  }

  #add(socket: Socket): void {
    socket.unref();
    const connection: Connection = new Connection(socket, {
      onFrame: (frame) => this.#receive(connection, frame),
      onClose: () => {
        this.#connections.delete(connection);
        this.#greeted.get(connection)?.abort();
        this.#greeted.delete(connection);
      },
    });
    this.#connections.add(connection);
  }

  #receive(connection: Connection, frame: Frame): void {
    if (this.#isDraining) return; // the client sends it to the next owner
    const abort = this.#greeted.get(connection);
    if (abort === undefined) this.#greet(connection, frame);
    else this.#execute(connection, frame, abort.signal);
  }

  #greet(connection: Connection, { head }: Frame): void {
    const { version, key, folder } = Object(head) as Partial<Hello>;
    if (key !== this.socket.key) throw new Error("The key is wrong.");
    if (version === MESSAGES_VERSION && folder !== folderIdOf(this.dir)) throw new Error("The folder is a copy.");
    connection.send({ version: MESSAGES_VERSION });
    if (version !== MESSAGES_VERSION) {
      connection.end();
      return;
    }
    const abort = new AbortController();
    setMaxListeners(0, abort.signal); // each push that is being stored adds one
    this.#greeted.set(connection, abort);
    if (this.#actions !== undefined) connection.send({ opened: true });
  }

  /** @throws Error if the message is not a request */
  #execute(connection: Connection, frame: Frame, signal: AbortSignal): void {
    const request = readRequest(frame);
    const { number } = request;
    const running = Promise.resolve(this.#run(request, frame.body, signal)).then(
      (value) => connection.send({ number, value }),
      (error) => connection.send({ number, error: encodeError(error) }),
    );
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }

  /** @throws Error if there is no such operation, or no push in the message */
  #run(request: Request, body: Buffer, signal: AbortSignal): unknown {
    const { operation, push = "" } = request;
    const actions = this.#actions;
    if (operation === "state") return encodeState(actions?.state() ?? NOT_OPEN);
    if (actions === undefined) throw new Error("The journal is not open yet.");
    switch (operation) {
      case "put":
        return actions.accept(readPush(request, body), signal);
      case "replay":
        return actions.replay(readPush(request, body));
      case "dead":
        return actions.dead(request.push);
      case "retry":
        return actions.retry(push);
      case "drop":
        return actions.drop(push);
      case "consume":
        return actions.consumerConnected();
      default:
        throw new Error("The operation is unknown.");
    }
  }

  /** Accepts no new requests. Resolves when all running requests have a response. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    this.listening.server.close();
    await Promise.all(this.#running);
  }

  /** Closes the connections, so that the clients look for the next owner. */
  async close(): Promise<void> {
    this.#isDraining = true;
    this.listening.server.close();
    for (const connection of this.#connections) connection.end();
    clearInterval(this.#touching);
    await removeSocket(this.dir, this.socket);
  }
}
