import type { Outcome } from "./http/index.js";

/** An event of a running dev proxy. `--json` prints each as one line with the same members; messages of notes go to standard error. */
export type DevproxyEvent = ReadyEvent | TunnelEvent | PushEvent | DeliveryEvent | NoteEvent | StoppedEvent;

/** The local URL works. `public` is `null` until a tunnel is up. */
export interface ReadyEvent {
  event: "ready";
  local: string;
  public: string | null;
  /** URL of the inspector, with its token in the fragment; `null` with `--no-inspect`. */
  inspector: string | null;
}

/** The state of the tunnel has changed. `url` is the URL to give to Airudder. */
export interface TunnelEvent {
  event: "tunnel";
  state: "up" | "down" | "reopening";
  url: string | null;
  error?: string;
}

/** A push was received, and is on disk. */
export interface PushEvent {
  event: "push";
  id: string;
  seq: number;
  type: string;
  verified: boolean;
  /** Number of drift entries. */
  drift: number;
  /** Likely cause, if the `Sign` of the push does not match the key. */
  signProblem?: string;
}

/** A delivery has ended. */
export interface DeliveryEvent {
  event: "delivery";
  /** Id of the push. */
  push: string;
  /** Status of the response, `null` if there was none. */
  status: number | null;
  /** Error code of a rejection in the form of the middleware: `{"error":{"code":"bad_token"}}`. */
  code?: string;
  /** The result that the app's receiver reports, such as `handled`, `failed` or `stored`; absent if the app reports none. */
  result?: string;
  /** Duration of the delivery, ms. */
  ms: number;
  /** Why the push was sent. `trigger` and `drill` are reserved: they do not occur yet. */
  cause: "live" | "queued" | "replay" | "trigger" | "drill";
  error?: string;
  /** Set if the response arrived too late for the sender. In production, Airudder would have retried. */
  late?: true;
  /**
   * Why the delivery does not change the status of the push:
   * - `edited`: the push was changed before it was sent.
   * - `elsewhere`: the push was sent to another app.
   * - `stopped`: the proxy stopped the delivery.
   */
  aside?: "edited" | "elsewhere" | "stopped";
  /** The documented members of `Airudder-Outcome`. `error` is redacted unless `reveal` is set. */
  outcome?: Outcome;
}

/** Other information, for example that the app is down, or that old pushes were removed from the journal. */
export interface NoteEvent {
  event: "note";
  code: string;
  message: string;
}

/** The last event of `listen`: what it did since its start. */
export interface StoppedEvent {
  event: "stopped";
  /** Number of pushes that arrived, also those that could not be recorded. */
  seen: number;
  /** Number of pushes that were recorded in the journal. */
  recorded: number;
  /** Number of recorded pushes that the app responded to with success. A replay may have changed that. */
  delivered: number;
  /** Number of recorded pushes that the app failed to handle: status `failed` or `dead`. */
  failed: number;
  /** Number of recorded pushes that the app quarantined. */
  quarantined: number;
  /** Number of recorded pushes that got no response from the app. */
  undelivered: number;
  /** Number of recorded pushes that `--keep` has removed. They are in none of the four numbers above. Absent if 0. */
  removed?: number;
  /**
   * Time that the proxy added to the response, ms: from the end of the request until the response was sent, without the time that the app
   * needed. Only pushes whose sender received the response of the app. `null` if there are none.
   */
  addedMs: { p50: number; p99: number } | null;
  /** Folder of the journal. */
  journal: string;
  /** Number of pushes in the journal. */
  total: number;
}

/** Receives events. */
export type Listener = (event: DevproxyEvent) => void;
