import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** A new folder of a test's own, removed after it. */
export function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "airudder-"));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}
