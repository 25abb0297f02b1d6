/** What a check found. */
export interface Finding {
  /** What was looked at, a few words. */
  name: string;
  /** `skipped`: nobody asked for it, and nothing is wrong with that; `unclear`: it ought to be looked at, and could not be. */
  result: "ok" | "failed" | "skipped" | "unclear";
  /** What was seen; for a failure also what to do. One line. */
  detail: string;
}

export function ok(name: string, detail: string): Finding {
  return { name, result: "ok", detail };
}

export function failed(name: string, detail: string): Finding {
  return { name, result: "failed", detail };
}

export function skipped(name: string, detail: string): Finding {
  return { name, result: "skipped", detail };
}

export function unclear(name: string, detail: string): Finding {
  return { name, result: "unclear", detail };
}
