import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { atEnd } from "./at-end.js";

/** A new folder of a test's own, removed after it. What is left of it is no reason to fail. */
export function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "airudder-"));
  atEnd(t, () => {
    try {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    } catch (error) {
      t.diagnostic(`${folder} could not be removed: ${(error as Error).message}`);
    }
  });
  return folder;
}
