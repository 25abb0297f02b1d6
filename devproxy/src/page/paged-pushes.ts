import type { FilterQuery, PushesResponse, PushRow } from "../api/index.js";
import type { ApiClient } from "./client.js";

/** Number of pushes that one request returns. */
const PAGE_ROWS = 100;
/** Maximum number of pushes in one request, for pages that are only skipped. */
const SKIP_ROWS = 500;
/** Maximum number of pushes in memory. */
const MAX_ROWS = 2_000;

interface Page {
  /** Cursor of its request; `undefined` for the newest page. */
  before: number | undefined;
  limit: number;
  /** Number of its pushes. */
  size: number;
  /** Number of its oldest push, if its cursor was computed. If numbers are missing, its request also returns pushes of the next page. */
  from?: number;
  /** Absent if the page was not loaded, or was removed from memory. */
  rows?: PushRow[];
}

/** The filters that are set. */
export function hasFilters(filters: FilterQuery): boolean {
  return Object.values(filters).some((value) => value !== undefined && value !== "");
}

/**
 * The pushes that match filters, newest first, in pages from the server. Keeps at most 2,000 pushes in memory, and only the cursors of
 * the other pages. The pages farthest from what is shown are removed first.
 */
export class PagedPushes {
  #pages: Page[] = [];
  #next: number | null = null;
  #first = 0;
  #last = 0;
  #version = 0;
  #isLoading = false;
  /** Number of pushes that match; `null` if unknown. */
  matching: number | null = null;
  total = 0;
  /** Whether the first page is loaded. */
  isReady = false;
  error: Error | undefined;

  /** @param onChange called when pushes were loaded */
  constructor(
    private readonly client: ApiClient,
    private readonly filters: FilterQuery,
    private readonly reveal: boolean,
    private readonly onChange: () => void,
  ) {}

  /** Number of rows to show, also those that are not loaded. */
  get length(): number {
    const known = this.#pages.reduce((sum, { size }) => sum + size, 0);
    if (this.#next === null) return known;
    return Math.max(this.matching ?? 0, known + 1);
  }

  /** Number of pushes in memory. */
  get loaded(): number {
    return this.#pages.reduce((sum, { rows }) => sum + (rows?.length ?? 0), 0);
  }

  /** The number of the newest push. */
  get newest(): number | undefined {
    return this.#pages[0]?.rows?.[0]?.seq;
  }

  /** The push at an index; `undefined` if it is not in memory. */
  rowAt(index: number): PushRow | undefined {
    let start = 0;
    for (const { size, rows } of this.#pages) {
      if (index < start + size) return rows?.[index - start];
      start += size;
    }
    return undefined;
  }

  /** The index of a push in memory; -1 if it is not in memory. */
  indexOf(seq: number): number {
    let start = 0;
    for (const { size, rows } of this.#pages) {
      const index = rows?.findIndex((row) => row.seq === seq) ?? -1;
      if (index >= 0) return start + index;
      start += size;
    }
    return -1;
  }

  /** The rows in memory, newest first. */
  rows(): PushRow[] {
    return this.#pages.flatMap(({ rows }) => rows ?? []);
  }

  /** Loads the newest page. If new pushes have arrived since, discards the others. */
  async reload(): Promise<void> {
    const version = ++this.#version;
    try {
      const response = await this.#request(undefined, PAGE_ROWS);
      if (version !== this.#version) return;
      const { pushes, next } = response;
      const isSame = pushes.length > 0 && pushes[0]?.seq === this.newest && pushes.length === this.#pages[0]?.size;
      const first: Page = { before: undefined, limit: PAGE_ROWS, size: pushes.length, rows: pushes };
      if (isSame) this.#pages[0] = first;
      else {
        this.#pages = [first];
        this.#next = next;
      }
      this.#accept(response);
      this.isReady = true;
    } catch (error) {
      if (version !== this.#version) return;
      this.error = error as Error;
    }
    this.onChange();
  }

  /** Loads the pages of these pushes again, if they are in memory. */
  async refresh(seqs: ReadonlySet<number>): Promise<void> {
    const version = this.#version;
    for (const page of this.#pages) {
      const newest = page.rows?.[0]?.seq;
      if (newest === undefined || page.rows?.some(({ seq }) => seqs.has(seq)) !== true) continue;
      const response = await this.#request(newest + 1, page.limit).catch(() => undefined);
      if (response === undefined || version !== this.#version) return;
      page.rows = response.pushes.slice(0, page.limit);
      page.size = page.rows.length;
    }
    this.onChange();
  }

  /** Loads the rows between two indexes, if they are not in memory. */
  async show(first: number, last: number): Promise<void> {
    this.#first = first;
    this.#last = last;
    if (this.#isLoading || !this.isReady) return;
    this.#isLoading = true;
    try {
      while (await this.#loadNext()) this.onChange();
    } catch (error) {
      this.error = error as Error;
      this.onChange();
    } finally {
      this.#isLoading = false;
    }
  }

  /** Loads the next missing page. @returns false if there is none */
  async #loadNext(): Promise<boolean> {
    const version = this.#version;
    let start = 0;
    for (const page of this.#pages) {
      const isShown = start <= this.#last && start + page.size > this.#first;
      if (isShown && page.rows === undefined) {
        const response = await this.#request(page.before, page.limit);
        if (version !== this.#version) return true;
        page.rows = response.pushes.filter(({ seq }) => seq >= (page.from ?? 0));
        page.size = page.rows.length;
        this.#accept(response);
        return true;
      }
      start += page.size;
    }
    if (this.#next === null || this.#last < start) return false;
    this.#skipTo(start);
    const isSkipped = this.#first > start + SKIP_ROWS + PAGE_ROWS;
    const before = this.#next;
    const limit = isSkipped ? SKIP_ROWS : PAGE_ROWS;
    const response = await this.#request(before, limit);
    if (version !== this.#version) return true;
    this.#pages.push({ before, limit, size: response.pushes.length, rows: response.pushes });
    this.#next = response.next;
    this.#accept(response);
    return true;
  }

  /** Without filters, the numbers of the pushes give the cursors of the pages before the rows that are shown. */
  #skipTo(start: number): void {
    if (hasFilters(this.filters) || this.#next === null) return;
    const pages = Math.floor((this.#first - start) / PAGE_ROWS) - 1;
    for (let page = 0; page < pages && this.#next > PAGE_ROWS + 1; page++) {
      this.#pages.push({ before: this.#next, limit: PAGE_ROWS, size: PAGE_ROWS, from: this.#next - PAGE_ROWS });
      this.#next -= PAGE_ROWS;
    }
  }

  #accept({ matching, total }: PushesResponse): void {
    this.matching = matching;
    this.total = total;
    this.error = undefined;
    this.#evict();
  }

  #evict(): void {
    let excess = this.loaded - MAX_ROWS;
    if (excess <= 0) return;
    const middle = (this.#first + this.#last) / 2;
    let start = 0;
    const byDistance = this.#pages.map((page) => {
      const distance = Math.abs(start + page.size / 2 - middle);
      start += page.size;
      return { page, distance };
    });
    byDistance.sort((a, b) => b.distance - a.distance);
    for (const { page } of byDistance) {
      if (excess <= 0) return;
      excess -= page.rows?.length ?? 0;
      delete page.rows;
    }
  }

  #request(before: number | undefined, limit: number): Promise<PushesResponse> {
    return this.client.get<PushesResponse>("/pushes", {
      ...this.filters,
      before,
      limit,
      reveal: this.reveal,
    } as Record<string, string | number | boolean | undefined>);
  }
}
