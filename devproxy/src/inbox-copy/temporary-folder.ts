import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SIGNALS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Creates a folder that only the current user can read, and removes it when the process ends, also after a signal. After `kill -9` it stays.
 */
export function makeTemporaryFolder(): string {
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      // A command with its own listener still needs the folder, and ends the process itself.
      if (process.listenerCount(signal) === 1) process.exit(1);
    });
  }
  // After the listeners: a signal in between would end the process without removing the folder.
  const dir = mkdtempSync(join(tmpdir(), "airudder-inbox-"));
  process.once("exit", () => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }));
  return dir;
}
