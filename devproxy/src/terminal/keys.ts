import { emitKeypressEvents, type Interface } from "node:readline";
import { isForeground } from "./foreground.js";

/** Time after which an escape character is the key Esc, and not the start of a longer sequence such as that of an arrow, ms. */
const ESCAPE_MS = 100;

/** Interval at which a process in the background checks whether it is in the foreground again, ms. A shell does not always signal that. */
const FOREGROUND_CHECK_MS = 1_000;

/** A pressed key: the character, or a name such as `up`, `escape`, `ctrl+c`. */
export type KeyListener = (key: string) => void;

export interface KeyOptions {
  onKey: KeyListener;
  /** Called before Ctrl+Z suspends the process, and when it continues in the background. */
  onSuspend(): void;
  /** Called when the process continues in the foreground. */
  onResume(): void;
}

interface Keypress {
  name?: string;
  ctrl?: boolean;
  meta?: boolean;
}

/**
 * Reads single keys from a terminal, without echo.
 * @returns a function that stops reading and restores the mode of the terminal
 */
export function readKeys(input: NodeJS.ReadStream, { onKey, onSuspend, onResume }: KeyOptions): () => void {
  let isReading = false;
  let timer: NodeJS.Timeout | undefined;
  const start = () => {
    if (isReading) return;
    isReading = true;
    input.setRawMode(true);
    input.resume();
  };
  const pause = () => {
    if (!isReading) return;
    isReading = false;
    input.setRawMode(false);
    input.pause();
  };
  const suspend = () => {
    onSuspend();
    pause();
    process.kill(process.pid, "SIGTSTP");
  };
  const onContinue = () => {
    clearTimeout(timer);
    if (!isForeground()) {
      onSuspend();
      timer = setTimeout(onContinue, FOREGROUND_CHECK_MS);
      timer.unref();
      return;
    }
    isReading = false; // the shell has changed the mode of the terminal meanwhile
    start();
    onResume();
  };
  const onKeypress = (character: string | undefined, { name, ctrl, meta }: Keypress) => {
    if (ctrl && name === "z" && process.platform !== "win32") return suspend();
    if (ctrl) onKey(`ctrl+${name}`);
    else if (!meta || name === "escape") onKey(isPrintable(character) ? character : (name ?? ""));
  };
  emitKeypressEvents(input, { escapeCodeTimeout: ESCAPE_MS } as unknown as Interface);
  input.on("keypress", onKeypress);
  const ignoreError = () => undefined; // the terminal was closed: SIGHUP follows
  input.on("error", ignoreError);
  if (process.platform !== "win32") process.on("SIGCONT", onContinue);
  start();
  return () => {
    clearTimeout(timer);
    input.off("keypress", onKeypress);
    if (process.platform !== "win32") process.off("SIGCONT", onContinue);
    pause();
  };
}

function isPrintable(character: string | undefined): character is string {
  return character !== undefined && /^[!-~]$/.test(character);
}
