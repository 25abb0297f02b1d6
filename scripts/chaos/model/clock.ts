/** Sets this process's clock, as an administrator or a time server does. The monotonic clock is not affected. */
export function setClock(offsetMs: number): void {
  offset = Math.round(offsetMs);
}

/** Starts this process with a clock that differs from the machine's clock. */
export function startClock(offsetMs: number): void {
  setClock(offsetMs);
  Object.defineProperty(performance, "timeOrigin", { value: performance.timeOrigin + offset });
}

let offset = 0;
const RealDate = Date;

class SteppedDate extends RealDate {
  constructor(...args: unknown[]) {
    if (args.length === 0) super(RealDate.now() + offset);
    else super(...(args as [number]));
  }

  static override now(): number {
    return RealDate.now() + offset;
  }
}

globalThis.Date = SteppedDate as DateConstructor;
