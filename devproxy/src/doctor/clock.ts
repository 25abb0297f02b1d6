import { publicRequest } from "../tunnel/index.js";
import { type Finding, failed, ok, skipped } from "./finding.js";

const LIMIT_MS = 30_000;

/** Whether this machine's clock agrees with another one's. */
export async function checkClock(url: string | undefined): Promise<Finding> {
  const name = "clock";
  if (url === undefined) return skipped(name, "there is no server to compare it with");
  try {
    const { headers } = await publicRequest(url, { method: "HEAD", timeoutMs: 5_000, maxBytes: 0 });
    const theirs = Date.parse(headers.date ?? "");
    if (Number.isNaN(theirs)) return skipped(name, `${url} does not tell its time`);
    const apart = Math.abs(Date.now() - theirs);
    const seconds = Math.round(apart / 1_000);
    if (apart <= LIMIT_MS) return ok(name, `within ${Math.max(1, seconds)} s of ${new URL(url).host}`);
    return failed(name, `${seconds} s apart from ${new URL(url).host}: set this machine's clock`);
  } catch {
    return skipped(name, `${url} cannot be reached to compare it with`);
  }
}
