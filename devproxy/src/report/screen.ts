import { randomUUID } from "node:crypto";
import { styleText } from "node:util";
import { JsonText } from "../privacy/index.js";
import { escapeControls } from "./format.js";

/** Styles that a line may ask for. */
export type Style = "bold" | "dim" | "green" | "red" | "yellow" | "cyan";

/** Colours, and each character that may be a control. */
const LINE_PARTS = /\u001b\[[\d;]*m|[\u0000-\u001f\u007f-\u{10ffff}]/gu;

/** Where a command writes. Survives a reader that has gone away; output that cannot be written is reported on one line and makes the command fail. */
export class Screen {
  readonly #colours: boolean;
  #gone = false;

  constructor(private readonly stream: NodeJS.WriteStream = process.stdout) {
    this.#colours = stream.isTTY === true && !process.env.NO_COLOR;
    stream.on("error", (error: NodeJS.ErrnoException) => {
      this.#gone = true;
      if (error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED") return;
      process.exitCode = 1;
      if (stream !== process.stderr)
        process.stderr.write(`airudder-devproxy: The output cannot be written (${error.message}).\n`);
    });
  }

  /** Whether lines can be drawn over. */
  get isTerminal(): boolean {
    return this.stream.isTTY === true;
  }

  /** Columns of the terminal; `undefined` for a file or a pipe. */
  get width(): number | undefined {
    return this.stream.isTTY === true ? this.stream.columns : undefined;
  }

  /** Whether nobody reads any more, as behind `| head`, or nothing can be written. */
  get isGone(): boolean {
    return this.#gone;
  }

  /** Prints lines. Escapes control characters, except line feeds, tabs and the colours of `style`. */
  line(text = ""): void {
    this.write(
      `${text.replace(LINE_PARTS, (part) => (part === "\n" || part === "\t" || part.startsWith("\u001b[") ? part : escapeControls(part)))}\n`,
    );
  }

  json(value: unknown): void {
    this.write(`${escapeControls(jsonLine(value))}\n`);
  }

  write(data: string | Buffer): void {
    if (!this.#gone) this.stream.write(data);
  }

  /** Resolves when the stream's buffer has room, or its reader has gone. Await it before each line of a long output. */
  async drained(): Promise<void> {
    if (this.#gone || !this.stream.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.stream.off("drain", done).off("error", done).off("close", done);
        resolve();
      };
      this.stream.on("drain", done).on("error", done).on("close", done);
    });
  }

  /** Resolves when everything is handed over. */
  flush(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#gone) resolve();
      else this.stream.write("", () => resolve());
    });
  }

  style(style: Style, text: string): string {
    return this.#colours ? styleText(style, text, { validateStream: false } as never) : text;
  }
}

/** One line of JSON. The text of a `JsonText` is copied into it. */
function jsonLine(value: unknown): string {
  const mark = randomUUID();
  const texts: string[] = [];
  const line = JSON.stringify(value, function (this: Record<string, unknown>, key, member: unknown) {
    const own = this[key];
    return own instanceof JsonText ? `${mark}${texts.push(own.compact()) - 1}` : member;
  });
  return texts.length === 0
    ? line
    : line.replace(new RegExp(`"${mark}(\\d+)"`, "g"), (_, place) => texts[place] as string);
}
