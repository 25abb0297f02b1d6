import type { DevproxyEvent } from "../events.js";
import type { AppStateName, StateChange, TunnelStateName } from "./types.js";

/** Maximum number of changes that are kept. */
const MAX_CHANGES = 200;

/** When the tunnel and the app changed their state since `listen` started. Oldest first. */
export class StateHistory {
  readonly tunnel: StateChange<TunnelStateName>[] = [];
  readonly app: StateChange<AppStateName>[] = [];

  /** Adds the change that an event reports, if it reports one. */
  add(event: DevproxyEvent): void {
    if (event.event === "tunnel") push(this.tunnel, event.state);
    else if (event.event === "note" && event.code === "app_up") push(this.app, "up");
    else if (event.event === "note" && event.code === "app_down") push(this.app, "down");
  }

  /** Adds the current states, if they differ from the last ones. */
  addState({ appUp, tunnel }: { appUp: boolean; tunnel: { state: TunnelStateName } }): void {
    push(this.app, appUp ? "up" : "down");
    push(this.tunnel, tunnel.state);
  }
}

function push<State extends string>(changes: StateChange<State>[], state: State): void {
  if (changes.at(-1)?.state === state) return;
  changes.push({ at: new Date().toISOString(), state });
  if (changes.length > MAX_CHANGES) changes.shift();
}
