const said = new Set<string>();

/** Warns the owner of the process, once for each code: `process.on("warning", …)` gets it, and Node prints it otherwise. */
export function warnOnce(code: string, message: string): void {
  if (said.has(code)) return;
  said.add(code);
  process.emitWarning(message, { code });
}

/** A push whose type nobody handles counts as handled; that is seldom what was meant. */
export function warnUnhandled(type: string): void {
  warnOnce(
    "AIRUDDER_UNHANDLED",
    `A push of type ${type} counts as handled, though no handler is registered for it. Register all handlers before the first await, such as receiver.on("${type}", handler), or receiver.on("*", handler) for what is left.`,
  );
}
