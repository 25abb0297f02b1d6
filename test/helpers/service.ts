import { type TestContext, test } from "node:test";

const isRequired = process.env.REQUIRE_SERVICES === "1";

/**
 * A test that needs a program of this machine. Without the program it is skipped; with `REQUIRE_SERVICES=1` it fails.
 * @param missing what is missing, and how to install it; `undefined`: nothing
 */
export function serviceTest(missing: string | undefined, name: string, run: (t: TestContext) => Promise<void>): void {
  if (missing !== undefined && !isRequired) {
    test(name, { skip: missing }, () => undefined);
    return;
  }
  test(name, async (t) => {
    if (missing !== undefined) throw new Error(missing);
    await run(t);
  });
}
