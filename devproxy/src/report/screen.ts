import { styleText } from "node:util";

/** Styles that a line may ask for. */
export type Style = "bold" | "dim" | "green" | "red" | "yellow" | "cyan";

/** Where a command writes. Survives a reader that has gone away; output that cannot be written is told in a line and fails the command. */
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

  /** Whether nobody reads any more, as behind `| head`, or nothing can be written. */
  get isGone(): boolean {
    return this.#gone;
  }

  line(text = ""): void {
    this.write(`${text}\n`);
  }

  json(value: unknown): void {
    this.write(`${JSON.stringify(value)}\n`);
  }

  write(data: string | Buffer): void {
    if (!this.#gone) this.stream.write(data);
  }

  /** Resolves when little waits to be read, or when nobody reads any more. Await it before each line of a long output. */
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
