/** Something that most often is done within the turn of the event loop in which it was begun. */
export interface Waiter {
  /** The turn is over: what only those need that are not done yet, such as a time limit, is set up now. */
  wait(): void;
}

let begun: Waiter[] = [];

/** Calls `wait` when this turn of the event loop is over; all that was begun in it shares one timer. */
export function atEndOfTurn(waiter: Waiter): void {
  if (begun.length === 0) setImmediate(waitForRest);
  begun.push(waiter);
}

function waitForRest(): void {
  const waiters = begun;
  begun = [];
  for (const waiter of waiters) waiter.wait();
}
