/** Is notified at the end of the current turn of the event loop. */
export interface EndOfTurnListener {
  /**
   * Called at the end of the turn. Most requests are finished by then. Set up here what only unfinished requests need, such as a time
   * limit, so that finished requests spend no time on it.
   */
  onEndOfTurn(): void;
}

let listeners: EndOfTurnListener[] = [];

/** Calls `onEndOfTurn` when this turn of the event loop ends. All listeners of a turn share one `setImmediate`. */
export function atEndOfTurn(listener: EndOfTurnListener): void {
  if (listeners.length === 0) setImmediate(callListeners);
  listeners.push(listener);
}

function callListeners(): void {
  const called = listeners;
  listeners = [];
  for (const listener of called) listener.onEndOfTurn();
}
