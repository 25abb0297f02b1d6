/** Work that most often ends in the turn of the event loop in which it began. */
export interface Waiter {
  /** Called at the end of the turn. Set up here what only unfinished work needs, such as a time limit. */
  onEndOfTurn(): void;
}

let waiters: Waiter[] = [];

/** Calls `onEndOfTurn` when this turn of the event loop ends. All waiters of a turn share one timer. */
export function atEndOfTurn(waiter: Waiter): void {
  if (waiters.length === 0) setImmediate(callWaiters);
  waiters.push(waiter);
}

function callWaiters(): void {
  const called = waiters;
  waiters = [];
  for (const waiter of called) waiter.onEndOfTurn();
}
