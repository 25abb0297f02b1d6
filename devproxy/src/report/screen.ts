import { randomUUID } from "node:crypto";
import { styleText } from "node:util";
import { JsonText } from "../privacy/index.js";
import { escapeControls } from "./format.js";

/** Styles of `Screen.style`. */
export type Style = "bold" | "dim" | "green" | "red" | "yellow" | "cyan";

/** A colour sequence, or a character that may be a control character. */
const LINE_PARTS = /\u001b\[[\d;]*m|[\u0000-\u001f\u007f-\u{10ffff}]/gu;

const DEFAULT_COLUMNS = 80;

/**
 * The output of a command, to a terminal, a file or a pipe. After the reader closes it, further output is discarded. Any other write error
 * prints one line to standard error and sets exit code 1.
 */
export class Screen {
  readonly #stream: NodeJS.WriteStream;
  readonly #isTerminal: boolean;
  readonly #colours: boolean;
  #isClosed = false;
  #hasBar = false;

  constructor(stream: NodeJS.WriteStream = process.stdout) {
    this.#stream = stream;
    this.#isTerminal = stream.isTTY === true && process.env.TERM !== "dumb";
    this.#colours = this.#isTerminal && !process.env.NO_COLOR;
    stream.on("error", (error: NodeJS.ErrnoException) => {
      this.#isClosed = true;
      if (error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED") return;
      process.exitCode = 1;
      if (stream !== process.stderr)
        process.stderr.write(`airudder-devproxy: The output cannot be written (${error.message}).\n`);
    });
  }

  /** Whether lines can be overwritten: not in a file, in a pipe, or if `TERM` is `dumb`. */
  get isTerminal(): boolean {
    return this.#isTerminal;
  }

  /** Columns of the terminal; `undefined` for a file or a pipe. */
  get width(): number | undefined {
    // A terminal without a size reports 0 columns.
    return this.#stream.isTTY === true ? this.#stream.columns || DEFAULT_COLUMNS : undefined;
  }

  /** Calls a function after the size of the terminal has changed. Returns a function that ends that. */
  onResize(listener: () => void): () => void {
    this.#stream.on("resize", listener);
    return () => this.#stream.off("resize", listener);
  }

  /** Whether the reader has closed the output, as in `| head`, or a write failed. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Prints lines. Escapes control characters, except line feeds, tabs and the colours of `style`. */
  line(text = ""): void {
    this.write(printableLine(text));
  }

  /** Prints one line of JSON. */
  json(value: unknown): void {
    this.write(`${escapeControls(jsonLine(value))}\n`);
  }

  /** Writes data unchanged. */
  write(data: string | Buffer): void {
    this.bar();
    if (!this.#isClosed) this.#stream.write(data);
  }

  /** Prints a text that the next output replaces. Without a text, removes the last one. Only for terminals. */
  bar(text?: string): void {
    if (this.#isClosed || (text === undefined && !this.#hasBar)) return;
    this.#hasBar = text !== undefined;
    this.#stream.write(`\r\u001b[2K${text ?? ""}`);
  }

  /** Resolves when the stream's buffer has room, or its reader has closed it. Await it before each line of a long output. */
  async drained(): Promise<void> {
    if (this.#isClosed || !this.#stream.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#stream.off("drain", done).off("error", done).off("close", done);
        resolve();
      };
      this.#stream.on("drain", done).on("error", done).on("close", done);
    });
  }

  /** Resolves when everything is written. */
  flush(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isClosed) resolve();
      else this.#stream.write("", () => resolve());
    });
  }

  /** A text with a style. Not styled if the output is not a terminal or `NO_COLOR` is set. */
  style(style: Style, text: string): string {
    return this.#colours ? styleText(style, text, { validateStream: false } as never) : text;
  }
}

/** Lines as `Screen.line` prints them. */
export function printableLine(text: string): string {
  const isKept = (part: string) => part === "\n" || part === "\t" || part.startsWith("\u001b[");
  return `${text.replace(LINE_PARTS, (part) => (isKept(part) ? part : escapeControls(part)))}\n`;
}

/** One line of JSON. Contains the text of each `JsonText` unchanged: `JSON.stringify` writes a unique marker, which is then replaced. */
export function jsonLine(value: unknown): string {
  const marker = randomUUID();
  const texts: string[] = [];
  const line = JSON.stringify(value, function (this: Record<string, unknown>, key, member: unknown) {
    const original = this[key];
    return original instanceof JsonText ? `${marker}${texts.push(original.compact()) - 1}` : member;
  });
  return texts.length === 0
    ? line
    : line.replace(new RegExp(`"${marker}(\\d+)"`, "g"), (_, index) => texts[index] as string);
}
