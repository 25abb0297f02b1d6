/** A message between two processes, as it is sent: a head as JSON, and a body as bytes. */
export interface Frame {
  readonly head: unknown;
  readonly body: Buffer;
}

/** Bytes before the head: the length of the head and the length of the body, as 32-bit integers. */
const PREFIX_BYTES = 8;
/** Maximum size of a head. It contains the headers and the URL of a request. */
const MAX_HEAD_BYTES = 16 * 1024 * 1024;
/** Maximum size of a body. */
export const MAX_BODY_BYTES = 512 * 1024 * 1024;

const NO_BODY = Buffer.alloc(0);

/** Encodes a message. The body is not copied. */
export function encodeFrame(head: object, body: Buffer = NO_BODY): [Buffer, Buffer] {
  const json = JSON.stringify(head);
  const length = Buffer.byteLength(json);
  const start = Buffer.allocUnsafe(PREFIX_BYTES + length);
  start.writeUInt32BE(length, 0);
  start.writeUInt32BE(body.length, 4);
  start.write(json, PREFIX_BYTES);
  return [start, body];
}

/** Splits received bytes into messages. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Size of the next message, with its prefix; `undefined` before its prefix is complete. */
  #frameBytes: number | undefined;

  /**
   * Adds received bytes, and returns the messages that are complete now.
   * @throws Error if the bytes are not messages
   */
  read(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const frames: Frame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): Frame | undefined {
    if (this.#frameBytes === undefined) {
      if (this.#bytes < PREFIX_BYTES) return undefined;
      const start = this.#joined();
      const [headBytes, bodyBytes] = [start.readUInt32BE(0), start.readUInt32BE(4)];
      if (headBytes > MAX_HEAD_BYTES || bodyBytes > MAX_BODY_BYTES) throw new Error("The message is too large.");
      this.#frameBytes = PREFIX_BYTES + headBytes + bodyBytes;
    }
    if (this.#bytes < this.#frameBytes) return undefined;
    const all = this.#joined();
    const headEnd = PREFIX_BYTES + all.readUInt32BE(0);
    const head: unknown = JSON.parse(all.toString("utf8", PREFIX_BYTES, headEnd));
    // A copy: a view would keep the whole chunk in memory as long as the body.
    const body = headEnd === this.#frameBytes ? NO_BODY : Buffer.from(all.subarray(headEnd, this.#frameBytes));
    const rest = all.subarray(this.#frameBytes);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
    this.#frameBytes = undefined;
    return { head, body };
  }

  /** The received bytes as one buffer. */
  #joined(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] as Buffer;
  }
}
