import type { Warnings } from "../observe/warnings.js";

/** A push that was ignored or quarantined. */
export interface Unhandled {
  readonly type: string;
  readonly result: "ignored" | "quarantined";
  /** Whether an inbox keeps the push. */
  readonly isStored: boolean;
}

/** Warns that no handler received a push: once for each ignored type, and rate-limited for quarantined pushes. */
export function warnUnhandled(warnings: Warnings, { type, result, isStored }: Unhandled): void {
  if (result === "ignored") {
    warnings.once(
      "AIRUDDER_IGNORED",
      `Pushes of type ${type} are ignored: no handler is registered for them. Register receiver.on("${type}", handler), or receiver.on("*", handler) for all types.`,
      `ignored ${type}`,
    );
  } else if (isStored) {
    warnings.warn(
      "AIRUDDER_QUARANTINED",
      `A push of type ${type} was quarantined: it has no handler. The inbox keeps it. List it with receiver.dead(), then call receiver.retry(id) or receiver.drop(id).`,
      { key: `stored ${type}` },
    );
  } else {
    warnings.warn(
      "AIRUDDER_QUARANTINE_UNKEPT",
      `A push of type ${type} was quarantined and not stored: direct mode and replays store nothing. Use an inbox, or register receiver.on("${type === "unknown" ? "unknown" : "quarantined"}", handler).`,
      { key: type },
    );
  }
}
