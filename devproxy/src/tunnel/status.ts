import type { TunnelError } from "./errors.js";

/** `off`: not started, closed, or no tunnel wanted. `up` only after a ping came back through the public URL. */
export type TunnelState = "off" | "connecting" | "up" | "down" | "reopening";

/** Where a tunnel stands. */
export interface TunnelStatus {
  readonly state: TunnelState;
  /** The URL to give to Airudder (`<tunnel>/in/<secret>`); when not up, the last one known, or null. */
  readonly url: string | null;
  /** Why it is down; or, when up, that the name asked for was not given (`tunnel_name_taken`). */
  readonly error?: TunnelError;
  /** Set if it is up with the requested name again, after it was up with another one. */
  readonly ownNameIsBack?: true;
}

/** A line of `listen --json`. */
export interface TunnelEvent {
  event: "tunnel";
  state: "up" | "down" | "reopening";
  url: string | null;
  error?: string;
}

/** A status as a line of `listen --json`; undefined for the states that are not announced there. */
export function tunnelEvent({ state, url, error }: TunnelStatus): TunnelEvent | undefined {
  if (state === "off" || state === "connecting") return undefined;
  return { event: "tunnel", state, url, ...(error && { error: error.message }) };
}

/** A note for the user in addition to the event; `undefined` if there is none. */
export function tunnelNote({ url, ownNameIsBack }: TunnelStatus): string | undefined {
  if (!ownNameIsBack) return undefined;
  return `The tunnel has its own name again: ${url} works; the other URL stops working within seconds. Give this URL to Airudder.`;
}
