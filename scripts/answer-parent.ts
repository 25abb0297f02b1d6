/** The side of a child process: says that it is ready, then answers what it is asked. */
export function answerParent(ready: unknown, answers: Record<string, (detail: unknown) => unknown>): void {
  process.on("message", async ({ ask, detail }: { ask: string; detail?: unknown }) => {
    process.send?.({ ask, value: await answers[ask]?.(detail) });
  });
  process.on("disconnect", () => process.exit());
  process.send?.({ ask: "ready", value: ready });
}
