import type { TunnelEvent } from "../events.js";
import type { TunnelError } from "./errors.js";

/** `off`: not started, closed, or `--tunnel none`. `up`: a ping through the public URL has succeeded. */
export type TunnelState = "off" | "connecting" | "up" | "down" | "reopening";

/** The state of a tunnel. */
export interface TunnelStatus {
  readonly state: TunnelState;
  /** The URL to give to Airudder (`<tunnel>/in/<secret>`); if the tunnel is not up, the last one, or `null`. */
  readonly url: string | null;
  /** Why it is down. If it is up: that it does not have the requested name (`tunnel_name_taken`). */
  readonly error?: TunnelError;
  /** Set if it is up with the requested name again, after it was up with another one. */
  readonly ownNameIsBack?: true;
}

/** The event for a status; `undefined` for states that are not reported. */
export function tunnelEvent({ state, url, error }: TunnelStatus): TunnelEvent | undefined {
  if (state === "off" || state === "connecting") return undefined;
  return { event: "tunnel", state, url, ...(error && { error: error.message }) };
}

/** A note for the user in addition to the event; `undefined` if there is none. */
export function tunnelNote({ url, ownNameIsBack }: TunnelStatus): string | undefined {
  if (!ownNameIsBack) return undefined;
  return `The tunnel has the requested name again: ${url} works, and the other URL stops working within seconds. Give this URL to Airudder.`;
}
