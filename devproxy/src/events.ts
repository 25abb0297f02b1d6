import type { Outcome } from "./http/index.js";

/** An event of a running dev proxy. `--json` prints each as one line with the same members. */
export type DevproxyEvent = ReadyEvent | TunnelEvent | PushEvent | DeliveryEvent | NoteEvent | StoppedEvent;

/** The local URL works. `public` is `null` until a tunnel is up. */
export interface ReadyEvent {
  event: "ready";
  local: string;
  public: string | null;
  inspector: string | null;
}

/** The tunnel changed its state; `url` is what to give to Airudder. */
export interface TunnelEvent {
  event: "tunnel";
  state: "up" | "down" | "reopening";
  url: string | null;
  error?: string;
}

/** A push came in and is on disk. */
export interface PushEvent {
  event: "push";
  id: string;
  seq: number;
  type: string;
  verified: boolean;
  /** How many drift entries it has. */
  drift: number;
  /** Likely cause, if the push carries a `Sign` that does not match the key. */
  signProblem?: string;
}

/** A delivery has ended. */
export interface DeliveryEvent {
  event: "delivery";
  /** The push's id. */
  push: string;
  /** The app's status, `null` when it gave none. */
  status: number | null;
  /** The error's code of a refusal like the middleware's: `{"error":{"code":"bad_token"}}`. */
  code?: string;
  /** What the app's receiver reports, such as `handled`, `failed` or `stored`; absent if the app reports nothing. */
  result?: string;
  ms: number;
  cause: "live" | "queued" | "replay" | "trigger" | "drill";
  error?: string;
  /** The response came after the sender's time limit: in production, Airudder would have retried. */
  late?: true;
  /** Why it does not change the status of the push: its bytes were edited, it went to another app, or the proxy stopped it. */
  aside?: "edited" | "elsewhere" | "stopped";
  /** The receiver's whole report: the known members of `Airudder-Outcome`. Its `error` is redacted, unless `reveal` is set. */
  outcome?: Outcome;
}

/** Something worth knowing that is no push: the app went down, the journal dropped a segment. */
export interface NoteEvent {
  event: "note";
  code: string;
  message: string;
}

/** The last line of `listen`: counts of its journal. */
export interface StoppedEvent {
  event: "stopped";
  /** All pushes of the journal. */
  recorded: number;
  /** Pushes that the app has not responded to. */
  undelivered: number;
  /** The folder. */
  journal: string;
}

/** Receives events. */
export type Listener = (event: DevproxyEvent) => void;
