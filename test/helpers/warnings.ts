import type { TestContext } from "node:test";

export interface ProcessWarning {
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
}

/** The warnings that this process prints during a test. */
export function listenToWarnings(t: TestContext): ProcessWarning[] {
  const warnings: ProcessWarning[] = [];
  const listen = (warning: Error): void => {
    const { code, detail } = warning as unknown as { code: string; detail?: string };
    warnings.push({ code, message: warning.message, ...(detail === undefined ? {} : { detail }) });
  };
  process.on("warning", listen);
  t.after(() => process.off("warning", listen));
  return warnings;
}
