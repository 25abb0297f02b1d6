import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import type { TestContext } from "node:test";

type Name = "closeSync" | "fdatasync" | "fstatSync" | "fsync" | "ftruncateSync" | "write";

/** Replaces a function of `node:fs` in every module, until the test ends. */
export function replaceFs<N extends Name>(t: TestContext, name: N, make: (original: (typeof fs)[N]) => unknown): void {
  const original = fs[name];
  const mock = t.mock.method(fs, name, make(original) as never);
  syncBuiltinESMExports();
  t.after(() => {
    mock.mock.restore();
    syncBuiltinESMExports();
  });
}

/** An error like those of the system. */
export function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: injected`), { code });
}
