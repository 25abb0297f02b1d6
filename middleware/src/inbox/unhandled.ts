import type { Warnings } from "../observe/warnings.js";

/** A push that no handler took. */
export interface Unhandled {
  readonly type: string;
  readonly result: "ignored" | "quarantined";
  /** Whether an inbox keeps it. */
  readonly kept: boolean;
}

/** Warns that no handler took a push: once for each type that is ignored; for quarantined pushes that nobody keeps, throttled. */
export function warnUnhandled(warnings: Warnings, { type, result, kept }: Unhandled): void {
  if (result === "ignored") {
    warnings.once(
      "AIRUDDER_IGNORED",
      `Pushes of type ${type} are ignored: no handler is registered for them. Register receiver.on("${type}", handler), or receiver.on("*", handler) for all types.`,
      `ignored ${type}`,
    );
  } else if (!kept) {
    warnings.warn(
      "AIRUDDER_QUARANTINE_UNKEPT",
      `A push of type ${type} was quarantined and is lost: direct mode keeps nothing. Use an inbox, or receiver.on("${type === "unknown" ? "unknown" : "quarantined"}", handler).`,
      { key: type },
    );
  }
}
