import type { TestContext } from "node:test";

type Cleanup = () => unknown;

const stacks = new WeakMap<TestContext, Cleanup[]>();

/**
 * Registers a cleanup to run after the test. Cleanups run in reverse order, and all of them run even if one fails. `t.after` runs its
 * hooks in the order of registration, and stops at the first failure.
 */
export function atEnd(t: TestContext, cleanup: Cleanup): void {
  const known = stacks.get(t);
  if (known !== undefined) {
    known.push(cleanup);
    return;
  }
  const stack = [cleanup];
  stacks.set(t, stack);
  t.after(() => undo(stack));
}

async function undo(stack: Cleanup[]): Promise<void> {
  const failures: unknown[] = [];
  for (let cleanup = stack.pop(); cleanup !== undefined; cleanup = stack.pop()) {
    try {
      await cleanup();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures);
}
