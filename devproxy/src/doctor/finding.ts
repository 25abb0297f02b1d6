/** The result of a check. */
export interface Finding {
  /** Name of the check, a few words. */
  name: string;
  /** `skipped`: the check does not apply. `unclear`: the check applies but could not be completed. */
  result: "ok" | "failed" | "skipped" | "unclear";
  /** One line. For a failure, it also says how to fix the problem. */
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
