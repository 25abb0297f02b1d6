import { emitKeypressEvents, type Interface } from "node:readline";
import { isForeground } from "./foreground.js";

/** Time after which an escape character is the key Esc, and not the start of a longer sequence such as that of an arrow, ms. */
const ESCAPE_MS = 100;

/** Interval at which a process in the background checks whether it is in the foreground again, ms. A shell does not always signal that. */
const FOREGROUND_CHECK_MS = 1_000;

/** Time after Ctrl+Z after which a process that still runs reads keys again, ms. The system does not suspend a session leader. */
const SUSPEND_MS = 300;

/** Time within which a second `R` does not count, ms: it confirms a replay, and must be pressed on purpose. */
const REPEAT_MS = 200;

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
  sequence?: string;
  ctrl?: boolean;
  meta?: boolean;
}

/**
 * Reads single keys from a terminal, without echo. Ignores pasted text: it would run the actions of its letters. It is between the marks of a
 * bracketed paste, or, without them, several letters that arrive at once.
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
    clearTimeout(timer);
    timer = setTimeout(onContinue, SUSPEND_MS);
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
  let isPasting = false;
  let lastR = Number.NEGATIVE_INFINITY;
  const press = ({ key, ctrl }: Pressed) => {
    if (ctrl && key === "z" && process.platform !== "win32") return suspend();
    if (ctrl) return onKey(`ctrl+${key}`);
    const now = performance.now();
    const isRepeated = key === "R" && now - lastR < REPEAT_MS;
    lastR = key === "R" ? now : Number.NEGATIVE_INFINITY;
    if (!isRepeated) onKey(key);
  };
  /** The keys of the current read. */
  let keys: Pressed[] = [];
  const flush = () => {
    const read = keys;
    keys = [];
    const isAlone = read.length === 1;
    for (const pressed of read) {
      const isInterrupt = pressed.ctrl && pressed.key === "c";
      // If the end of a paste was lost, Ctrl+C still works.
      if (isInterrupt && isAlone) isPasting = false;
      const isPasted = pressed.isPasted && !(isInterrupt && isAlone);
      if (!isPasted && (isAlone || pressed.isSequence || isInterrupt)) press(pressed);
    }
  };
  const onKeypress = (character: string | undefined, { name = "", sequence = "", ctrl = false, meta }: Keypress) => {
    if (name === "paste-start" || name === "paste-end") {
      isPasting = name === "paste-start";
      return;
    }
    if (meta && name !== "escape") return;
    const key = !ctrl && isPrintable(character) ? character : name;
    keys.push({ key, ctrl, isSequence: /^\u001b./s.test(sequence), isPasted: isPasting });
    // The keys of a read are reported in one turn. Esc alone is reported later, by a timer.
    if (keys.length === 1) queueMicrotask(flush);
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

interface Pressed {
  /** The character or the name. */
  key: string;
  ctrl: boolean;
  /** Whether the terminal sends several characters for the key, as for an arrow. */
  isSequence: boolean;
  isPasted: boolean;
}

function isPrintable(character: string | undefined): character is string {
  return character !== undefined && /^[!-~]$/.test(character);
}
