import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { atEnd } from "./at-end.js";

/** A new temporary folder, removed after the test. A failed removal is reported, but does not fail the test. */
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
