/** The array is compacted when it has this many removed items, and they are at least half of the array. */
const MIN_REMOVED = 64;

/** A queue whose `shift` takes constant time, however long it is. */
export class Fifo<T> {
  #items: T[] = [];
  #start = 0;

  get size(): number {
    return this.#items.length - this.#start;
  }

  get first(): T | undefined {
    return this.#items[this.#start];
  }

  get last(): T | undefined {
    return this.size > 0 ? this.#items.at(-1) : undefined;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  unshift(item: T): void {
    if (this.#start > 0) this.#items[--this.#start] = item;
    else this.#items.unshift(item);
  }

  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#start];
    this.#items[this.#start++] = undefined as T;
    if (this.#start >= MIN_REMOVED && this.#start * 2 >= this.#items.length) this.#compact();
    return item;
  }

  /** Inserts an item before the first one for which `isAfter` returns `true`. Takes linear time. */
  insert(item: T, isAfter: (other: T) => boolean): void {
    this.#compact();
    const index = this.#items.findIndex(isAfter);
    this.#items.splice(index < 0 ? this.#items.length : index, 0, item);
  }

  /** Removes an item. Takes linear time. @returns whether the item was in the queue */
  remove(item: T): boolean {
    this.#compact();
    const index = this.#items.indexOf(item);
    if (index >= 0) this.#items.splice(index, 1);
    return index >= 0;
  }

  /** Frees the removed items. */
  #compact(): void {
    this.#items = this.#items.slice(this.#start);
    this.#start = 0;
  }
}
