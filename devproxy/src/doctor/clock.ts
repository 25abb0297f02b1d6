import { publicRequest } from "../tunnel/index.js";
import { type Finding, failed, ok, skipped } from "./finding.js";

const MAX_DIFFERENCE_MS = 30_000;

/** Whether the clock of this machine agrees with that of a server. */
export async function checkClock(url: string | undefined): Promise<Finding> {
  const name = "clock";
  if (url === undefined) return skipped(name, "there is no server to compare it with");
  try {
    const { headers } = await publicRequest(url, { method: "HEAD", timeoutMs: 5_000, maxBytes: 0 });
    const serverTime = Date.parse(headers.date ?? "");
    if (Number.isNaN(serverTime)) return skipped(name, `${url} does not report its time`);
    const difference = Math.abs(Date.now() - serverTime);
    const seconds = Math.round(difference / 1_000);
    if (difference <= MAX_DIFFERENCE_MS) return ok(name, `within ${Math.max(1, seconds)} s of ${new URL(url).host}`);
    return failed(name, `differs by ${seconds} s from ${new URL(url).host}: set the clock of this machine`);
  } catch {
    return skipped(name, `not compared: ${url} cannot be reached`);
  }
}
