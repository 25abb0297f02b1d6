/** In a child process: sends `ready` to the parent, then runs the functions that the parent calls with `Child.invoke`. */
export function exposeFunctions(ready: unknown, functions: Record<string, (argument: unknown) => unknown>): void {
  process.on("message", async ({ name, argument }: { name: string; argument?: unknown }) => {
    process.send?.({ name, value: await functions[name]?.(argument) });
  });
  process.on("disconnect", () => process.exit());
  process.send?.({ name: "ready", value: ready });
}
