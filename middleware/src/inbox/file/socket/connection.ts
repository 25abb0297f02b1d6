import type { Socket } from "node:net";
import { encodeFrame, type Frame, FrameReader } from "./frames.js";

/** What a {@link Connection} calls. */
export interface ConnectionEvents {
  /** A message arrived. If this throws, the connection is closed. */
  onFrame(frame: Frame): void;
  /** The connection is closed. Called once. */
  onClose(): void;
}

/** A connection to another process of this machine. Closes itself when the other process sends something that is not a message. */
export class Connection {
  readonly #reader = new FrameReader();
  #isCorked = false;

  constructor(
    private readonly socket: Socket,
    events: ConnectionEvents,
  ) {
    socket.on("data", (chunk: Buffer) => {
      try {
        for (const frame of this.#reader.read(chunk)) events.onFrame(frame);
      } catch {
        socket.destroy();
      }
    });
    socket.on("error", () => undefined); // followed by "close"
    socket.once("close", () => events.onClose());
  }

  /** Sends a message. Messages of one turn of the event loop share one write. */
  send(head: object, body?: Buffer): void {
    const { socket } = this;
    if (socket.destroyed || !socket.writable) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      socket.cork();
      setImmediate(() => {
        this.#isCorked = false;
        socket.uncork();
      });
    }
    const [start, bytes] = encodeFrame(head, body);
    socket.write(start);
    if (bytes.length > 0) socket.write(bytes);
  }

  /** Whether the connection keeps the process running. */
  keepProcessRunning(isNeeded: boolean): void {
    if (isNeeded) this.socket.ref();
    else this.socket.unref();
  }

  /** Closes the connection when all messages are sent. */
  end(): void {
    setImmediate(() => this.socket.destroySoon());
  }

  /** Closes the connection now. */
  destroy(): void {
    this.socket.destroy();
  }
}
