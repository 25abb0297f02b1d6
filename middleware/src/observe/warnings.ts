const MAX_PER_WINDOW = 10;
/** Maximum for each code, so that warnings of failing handlers leave room for one about a dead push. */
const MAX_PER_CODE = 7;
const WINDOW_MS = 60_000;

const printedOnce = new Set<string>();

/** State of the current window, shared by all receivers of this process. */
let windowEnd = 0;
let printed = 0;
let suppressed = 0;
let perCode = new Map<string, number>();
let keys = new Set<string>();

/**
 * Prints warnings on standard error through `process.emitWarning`. `warn` prints at most ten per minute, then one with the number of
 * suppressed warnings; `once` has no such limit.
 * `process.on("warning", …)` receives them too. `node --no-warnings` silences them like any other warning.
 */
export class Warnings {
  constructor(private readonly enabled: boolean) {}

  /** Prints a warning only once per process and key. */
  once(code: string, message: string, key = code): void {
    if (!this.enabled || printedOnce.has(key)) return;
    printedOnce.add(key);
    process.emitWarning(message, { code });
  }

  /**
   * Prints a warning unless the limit is reached.
   * @param options.detail further lines below the message
   * @param options.key prints at most one warning with this key per minute; default: no such limit
   */
  warn(code: string, message: string, { detail, key }: { detail?: string; key?: string } = {}): void {
    if (!this.enabled) return;
    startWindow();
    const ofCode = perCode.get(code) ?? 0;
    if (printed >= MAX_PER_WINDOW || ofCode >= MAX_PER_CODE || (key !== undefined && keys.has(key))) {
      suppressed++;
      return;
    }
    printed++;
    perCode.set(code, ofCode + 1);
    if (key !== undefined) keys.add(key);
    process.emitWarning(message, detail === undefined || detail === "" ? { code } : { code, detail });
  }
}

function startWindow(): void {
  const now = performance.now();
  if (now < windowEnd) return;
  windowEnd = now + WINDOW_MS;
  printed = 0;
  perCode = new Map();
  keys = new Set();
  setTimeout(reportSuppressed, WINDOW_MS).unref();
}

function reportSuppressed(): void {
  if (suppressed === 0) return;
  process.emitWarning(`Warnings of airudder-webhooks that were not printed in the last minute: ${suppressed}.`, {
    code: "AIRUDDER_SUPPRESSED",
  });
  suppressed = 0;
}
