import { type LineOutput, printableLine, type Screen, type Style } from "../report/index.js";

/** Hides the cursor, and requests marks around pasted text. */
const START = "\u001b[?25l\u001b[?2004h";
const END = "\u001b[?2004l\u001b[?25h";
/** Deletes the row. It may take several lines if the terminal has become narrower: the cursor is at its start. */
const ERASE = "\r\u001b[J";
/** Without automatic line breaks: the row stays on one line, also if the terminal shows a character wider than expected. */
const NO_WRAP = "\u001b[?7l";
const WRAP = "\u001b[?7h";

/** Interval between writes while many lines are printed, ms. */
const INTERVAL_MS = 30;

/**
 * A terminal whose last row is redrawn below the lines that are printed. Lines are only appended, so the terminal can scroll back to all of
 * them.
 */
export class LastRow implements LineOutput {
  #row = "";
  #drawnRow = "";
  #lines = "";
  #isOpen = false;
  #timer: NodeJS.Timeout | undefined;
  #endResize: (() => void) | undefined;

  /**
   * @param out a terminal
   * @param onResize called after the size of the terminal has changed
   */
  constructor(
    private readonly out: Screen,
    private readonly onResize: () => void,
  ) {}

  /** Starts to show the row. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#endResize = this.out.onResize(() => {
      this.#drawnRow = "";
      this.onResize();
      this.#flush();
    });
    process.on("exit", this.#restore);
    this.out.write(START);
    this.#flush();
  }

  /** Deletes the row. Lines can still be printed. */
  close(): void {
    if (!this.#isOpen) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#row = "";
    this.#flush();
    this.#endResize?.();
    process.off("exit", this.#restore);
    this.#restore();
    this.#isOpen = false;
  }

  get width(): number | undefined {
    return this.out.width;
  }

  style(style: Style, text: string): string {
    return this.out.style(style, text);
  }

  /** Appends a line above the row. */
  line(text = ""): void {
    if (!this.#isOpen) return void this.out.line(text);
    this.#lines += printableLine(text);
    this.#schedule();
  }

  /** Sets the text of the row. It must fit the width of the terminal. */
  set(row: string): void {
    if (row === this.#row) return;
    this.#row = row;
    if (this.#isOpen) this.#schedule();
  }

  /** Writes an escape sequence that does not move the cursor. */
  control(sequence: string): void {
    this.out.write(sequence);
  }

  /** Writes now, then at most once per interval. */
  #schedule(): void {
    if (this.#timer !== undefined) return;
    this.#flush();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#lines !== "" || this.#row !== this.#drawnRow) this.#schedule();
    }, INTERVAL_MS);
    this.#timer.unref();
  }

  #flush(): void {
    const row = this.#row === "" ? "" : `${NO_WRAP}${this.#row}${WRAP}\r`;
    this.out.write(`${ERASE}${this.#lines}${row}`);
    this.#lines = "";
    this.#drawnRow = this.#row;
  }

  readonly #restore = (): void => this.out.write(END);
}
