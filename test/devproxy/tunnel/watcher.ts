import type { SupervisorOptions, TunnelStatus, TunnelTiming } from "../../../devproxy/src/tunnel/index.js";
import { TunnelSupervisor } from "../../../devproxy/src/tunnel/index.js";

/** Short intervals for tests. */
export const QUICK: TunnelTiming = {
  reportPendingAfterMs: 30_000,
  pingIntervalMs: 100,
  pingTimeoutMs: 1_500,
  pingRetryMs: 50,
  backoffMs: 50,
  maxBackoffMs: 200,
  reclaimMs: 300,
  maxReclaimMs: 300,
  handoverMs: 100,
};

/** A supervisor with all its statuses. Tests can wait for the next one. */
export class Watcher {
  readonly supervisor: TunnelSupervisor;
  readonly statuses: TunnelStatus[] = [];
  #seen = 0;
  #listener: (() => void) | undefined;

  constructor(options: Omit<SupervisorOptions, "onState">) {
    const onState = (status: TunnelStatus) => {
      this.statuses.push(status);
      this.#listener?.();
    };
    this.supervisor = new TunnelSupervisor({ timing: QUICK, ...options, onState });
  }

  get states(): string[] {
    return this.statuses.map(({ state }) => state);
  }

  /** The next status with this state, after the one that was returned last. */
  async next(state: TunnelStatus["state"], limitMs = 30_000): Promise<TunnelStatus> {
    const late = setTimeout(() => {
      throw new Error(`not ${state} in time; its statuses: ${JSON.stringify(this.statuses)}`);
    }, limitMs);
    for (;;) {
      while (this.#seen < this.statuses.length) {
        const status = this.statuses[this.#seen++] as TunnelStatus;
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
