/** Minimum time for which an id is kept. A process that lost its connection sends a push again within three seconds. */
const REMEMBER_MS = 10_000;

/** The ids of pushes that were stored in the last seconds. */
export class RecentIds {
  #younger = new Set<string>();
  #older = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  add(id: string): void {
    this.#younger.add(id);
    this.#timer ??= setTimeout(() => this.#forget(), REMEMBER_MS).unref();
  }

  has(id: string): boolean {
    return this.#younger.has(id) || this.#older.has(id);
  }

  #forget(): void {
    this.#older = this.#younger;
    this.#younger = new Set();
    this.#timer = this.#older.size === 0 ? undefined : setTimeout(() => this.#forget(), REMEMBER_MS).unref();
  }
}
