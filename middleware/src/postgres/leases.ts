import { select, withConnection } from "./connection.js";
import type { PgPool } from "./pool.js";

/** A push that this process has claimed. */
export interface Leased {
  readonly id: string;
  /** Token of the lease: without it, no result can be recorded. */
  readonly lease: string;
}

/** Renews the leases of this process every third of their time. */
export class Leases<L extends Leased> {
  readonly #held = new Map<string, L>();
  readonly #timer: NodeJS.Timeout;
  #isRenewing = false;

  /** @param onLost called for a push that another process may have claimed */
  constructor(
    private readonly pool: PgPool,
    private readonly schema: string,
    private readonly leaseMs: number,
    private readonly onLost: (leased: L) => void,
  ) {
    this.#timer = setInterval(() => void this.#renew(), leaseMs / 3);
  }

  get(id: string): L | undefined {
    return this.#held.get(id);
  }

  add(leased: L): void {
    this.#held.set(leased.id, leased);
  }

  remove(leased: L): void {
    if (this.#held.get(leased.id) === leased) this.#held.delete(leased.id);
  }

  all(): L[] {
    return [...this.#held.values()];
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #renew(): Promise<void> {
    if (this.#held.size === 0 || this.#isRenewing) return;
    this.#isRenewing = true;
    const held = this.all();
    const leases = JSON.stringify(held.map(({ id, lease }) => ({ id, lease })));
    try {
      const lost = await withConnection(this.pool, this.leaseMs / 3, (client) =>
        select<{ id: string }>(client, `select id from ${this.schema}.renew($1, $2)`, [leases, this.leaseMs]),
      );
      const ids = new Set(lost.map(({ id }) => id));
      for (const leased of held) if (ids.has(leased.id)) this.#lose(leased);
    } catch {
      // The next renewal tries again. If it comes too late, another process claims the pushes.
    } finally {
      this.#isRenewing = false;
    }
  }

  #lose(leased: L): void {
    // It may have ended, or may have been claimed again, in the meantime.
    if (this.#held.get(leased.id) !== leased) return;
    this.#held.delete(leased.id);
    this.onLost(leased);
  }
}
