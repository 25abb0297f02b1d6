import type { SupervisorOptions, TunnelStatus, TunnelTiming } from "../../../devproxy/src/tunnel/index.js";
import { TunnelSupervisor } from "../../../devproxy/src/tunnel/index.js";

/** Intervals for tests: everything happens within moments. */
export const QUICK: TunnelTiming = {
  reportPendingAfterMs: 30_000,
  pingEveryMs: 100,
  pingLimitMs: 1_500,
  confirmAfterMs: 50,
  backoffMs: 50,
  maxBackoffMs: 200,
  reclaimMs: 300,
  maxReclaimMs: 300,
  handoverMs: 100,
};

/** A supervisor that keeps all that it says, and can be waited for. */
export class Watcher {
  readonly supervisor: TunnelSupervisor;
  readonly said: TunnelStatus[] = [];
  #seen = 0;
  #listener: (() => void) | undefined;

  constructor(options: Omit<SupervisorOptions, "onState">) {
    const onState = (status: TunnelStatus) => {
      this.said.push(status);
      this.#listener?.();
    };
    this.supervisor = new TunnelSupervisor({ timing: QUICK, ...options, onState });
  }

  get states(): string[] {
    return this.said.map(({ state }) => state);
  }

  /** The next status of that state, after the ones already waited for. */
  async next(state: TunnelStatus["state"], limitMs = 30_000): Promise<TunnelStatus> {
    const late = setTimeout(() => {
      throw new Error(`not ${state} in time; it said ${JSON.stringify(this.said)}`);
    }, limitMs);
    for (;;) {
      while (this.#seen < this.said.length) {
        const status = this.said[this.#seen++] as TunnelStatus;
        if (status.state !== state) continue;
        clearTimeout(late);
        return status;
      }
      await new Promise<void>((resolve) => {
        this.#listener = resolve;
      });
    }
  }
}
