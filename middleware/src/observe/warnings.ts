const MAX_PER_WINDOW = 10;
const WINDOW_MS = 60_000;

const onceOnly = new Set<string>();

/** What all receivers of this process have printed in the current window. */
let windowEnd = 0;
let printed = 0;
let suppressed = 0;
let keys = new Set<string>();

/**
 * Prints warnings on standard error through `process.emitWarning`: at most ten a minute, then one that counts the rest.
 * `process.on("warning", …)` receives them too; `node --no-warnings` silences them like any other warning.
 */
export class Warnings {
  constructor(private readonly enabled: boolean) {}

  /** Whether a warning would be printed now. Ask before doing work for its text. */
  get open(): boolean {
    if (!this.enabled) return false;
    startWindow();
    if (printed < MAX_PER_WINDOW) return true;
    suppressed++;
    return false;
  }

  /** Prints a warning once in the life of the process, for each key. */
  once(code: string, message: string, key = code): void {
    if (!this.enabled || onceOnly.has(key)) return;
    onceOnly.add(key);
    process.emitWarning(message, { code });
  }

  /**
   * Prints a warning unless the limit is reached.
   * @param key a warning with the same key is printed once a minute and counted otherwise
   */
  warn(code: string, message: string, { detail, key }: { detail?: string; key?: string } = {}): void {
    if (!this.enabled) return;
    startWindow();
    if (printed >= MAX_PER_WINDOW || (key !== undefined && keys.has(key))) {
      suppressed++;
      return;
    }
    printed++;
    if (key !== undefined) keys.add(key);
    process.emitWarning(message, detail === undefined || detail === "" ? { code } : { code, detail });
  }
}

function startWindow(): void {
  const now = performance.now();
  if (now < windowEnd) return;
  windowEnd = now + WINDOW_MS;
  printed = 0;
  keys = new Set();
  setTimeout(reportSuppressed, WINDOW_MS).unref();
}

function reportSuppressed(): void {
  if (suppressed === 0) return;
  process.emitWarning(`${suppressed} more airudder-webhooks warnings were not printed in the last minute.`, {
    code: "AIRUDDER_SUPPRESSED",
  });
  suppressed = 0;
}

/** Warns although no receiver is at hand, once for each code. */
export const processWarnings = new Warnings(true);
