interface Entry<T> {
  atMs: number;
  order: number;
  item: T;
}

/** Items in order of time. Items of the same time keep the order in which they were added. */
export class Timeline<T> {
  readonly #heap: Entry<T>[] = [];
  #added = 0;

  add(atMs: number, item: T): void {
    const entry = { atMs, order: this.#added++, item };
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(heap[parent] as Entry<T>, entry)) break;
      heap[at] = heap[parent] as Entry<T>;
      at = parent;
    }
    heap[at] = entry;
  }

  /** Removes and returns the first item; `undefined` if there is none. */
  next(): Entry<T> | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Entry<T>, heap[child] as Entry<T>)) child++;
      if (isBefore(last, heap[child] as Entry<T>)) break;
      heap[at] = heap[child] as Entry<T>;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore<T>(one: Entry<T>, other: Entry<T>): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
