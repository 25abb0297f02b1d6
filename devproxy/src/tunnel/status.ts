import type { TunnelEvent } from "../events.js";
import type { TunnelError } from "./errors.js";

/** `off`: not started, closed, or `--tunnel none`. `up`: a ping through the public URL has succeeded. */
export type TunnelState = "off" | "connecting" | "up" | "down" | "reopening";

/** The state of a tunnel. */
export interface TunnelStatus {
  readonly state: TunnelState;
  /** The URL to give to Airudder (`<tunnel>/in/<secret>`); if the tunnel is not up, the last one, or `null`. */
  readonly url: string | null;
  /** Why the tunnel is down. While it is up: `tunnel_name_taken`, if it does not have the requested name. */
  readonly error?: TunnelError;
  /** Set if the previous public URL had another name and the tunnel has the requested name now. */
  readonly requestedNameIsBack?: true;
}

/** The event for a status; `undefined` for states that are not reported. */
export function tunnelEvent({ state, url, error }: TunnelStatus): TunnelEvent | undefined {
  if (state === "off" || state === "connecting") return undefined;
  return { event: "tunnel", state, url, ...(error && { error: error.message }) };
}

/** The message of a note event to send after the tunnel event; `undefined` if there is none. */
export function tunnelNote({ url, requestedNameIsBack }: TunnelStatus): string | undefined {
  if (!requestedNameIsBack) return undefined;
  return `The tunnel has the requested name again. Give ${url} to Airudder: the previous URL stops working within seconds.`;
}
