const said = new Set<string>();

/** Warns the owner of the process, once for each code: `process.on("warning", …)` gets it, and Node prints it otherwise. */
export function warnOnce(code: string, message: string): void {
  if (said.has(code)) return;
  said.add(code);
  process.emitWarning(message, { code });
}
