import { createContext } from "preact";
import { useContext, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { FilterQuery, PushRow, ReplayBody, StateResponse } from "../api/index.js";
import type { ApiClient } from "./client.js";
import type { LiveEvent, LiveEvents } from "./live-events.js";

/** What the parts of the page share. */
export interface PageContext {
  client: ApiClient;
  live: LiveEvents;
  state: StateResponse | undefined;
  /** Whether personal data is shown. Kept in memory only. */
  reveal: boolean;
  /** Starts a replay. @param label what is replayed, such as `37 pushes` */
  replay(body: ReplayBody, label: string): void;
  isReplaying: boolean;
  /** Adds filters to those of the lists. */
  filter(filters: FilterQuery): void;
  /** Opens the editor with a push. */
  edit(seq: number): void;
  /** Opens the dialog that pins a push. */
  pin(seq: number): void;
  /** Shows a message for a short time. */
  notify(message: string, isError?: boolean): void;
}

export const Page = createContext<PageContext | undefined>(undefined);

export function usePage(): PageContext {
  return useContext(Page) as PageContext;
}

/** Calls a listener for each live event. */
export function useLive(listener: (event: LiveEvent) => void): void {
  const { live } = usePage();
  const current = useRef(listener);
  current.current = listener;
  useEffect(() => live.listen((event) => current.current(event)), [live]);
}

/**
 * Returns a function that starts an action at most once per interval, and never while it still runs. If the action takes long, the interval is
 * longer, so that a busy inspector is not slowed down.
 */
export function useThrottled(action: () => Promise<void>, intervalMs: number): () => void {
  const current = useRef(action);
  current.current = action;
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const throttled = useMemo(() => {
    let isRunning = false;
    let isWanted = false;
    let readyAt = 0;
    const run = async () => {
      timer.current = undefined;
      isRunning = true;
      isWanted = false;
      const start = performance.now();
      await current.current();
      readyAt = performance.now() + Math.max(intervalMs, 10 * (performance.now() - start));
      isRunning = false;
      if (isWanted) request();
    };
    const request = () => {
      isWanted = true;
      if (isRunning || timer.current !== undefined) return;
      timer.current = setTimeout(() => void run(), Math.max(50, readyAt - performance.now()));
    };
    return request;
  }, [intervalMs]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return throttled;
}

/** A value that follows another after it has been stable for a time. */
export function useDebounced<T>(value: T, delayMs: number): T {
  const [stable, setStable] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setStable(value), delayMs);
    return () => clearTimeout(timer);
  }, [value, delayMs]);
  return stable;
}

/** The commands of a list that keys outside of it call. */
export interface ListCommands {
  move(step: number): number | undefined;
  /** The push under the cursor. */
  active(): number | undefined;
  /** Opens the push or toggles the group under the cursor. */
  enter(): void;
  focus(): void;
  row?(seq: number): PushRow | undefined;
}

/** A function that stays the same, and calls the newest version of an action. */
export function useStable<A extends unknown[]>(action: (...values: A) => void): (...values: A) => void {
  const current = useRef(action);
  current.current = action;
  return useMemo(
    () =>
      (...values: A) =>
        current.current(...values),
    [],
  );
}
