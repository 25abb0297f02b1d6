import { select, withConnection } from "./connection.js";
import type { PgPool } from "./pool.js";

/** A push that this process has claimed. */
export interface Leased {
  readonly id: string;
  /** Token of the lease: without it, no result can be recorded. */
  readonly lease: string;
}

/** Renews the leases of this process every `leaseMs` / 3. */
export class Leases<L extends Leased> {
  readonly #byId = new Map<string, L>();
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
    return this.#byId.get(id);
  }

  add(leased: L): void {
    this.#byId.set(leased.id, leased);
  }

  remove(leased: L): void {
    if (this.#byId.get(leased.id) === leased) this.#byId.delete(leased.id);
  }

  all(): L[] {
    return [...this.#byId.values()];
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #renew(): Promise<void> {
    if (this.#byId.size === 0 || this.#isRenewing) return;
    this.#isRenewing = true;
    const all = this.all();
    const leases = JSON.stringify(all.map(({ id, lease }) => ({ id, lease })));
    try {
      const lost = await withConnection(this.pool, this.leaseMs / 3, (client) =>
        select<{ id: string }>(client, `select id from ${this.schema}.renew($1, $2)`, [leases, this.leaseMs]),
      );
      const ids = new Set(lost.map(({ id }) => id));
      for (const leased of all) if (ids.has(leased.id)) this.#lose(leased);
    } catch {
      // The next renewal retries. If it comes too late, another process claims the pushes.
    } finally {
      this.#isRenewing = false;
    }
  }

  #lose(leased: L): void {
    // The push may have ended, or been claimed again, while the statement ran.
    if (this.#byId.get(leased.id) !== leased) return;
    this.#byId.delete(leased.id);
    this.onLost(leased);
  }
}
