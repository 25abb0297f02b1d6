import { hash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import type { StoredPush } from "../inbox/inbox.js";
import type { Connected } from "./connection.js";
import type { TimeLimit } from "./time-limit.js";

/**
 * How duplicates are detected for all processes. BullMQ adds a job in a script of its own, so a push is stored in three steps:
 *
 * 1. `reserve` checks the last push of the subject, and reserves its place for this push and its job id.
 * 2. BullMQ adds the job. It does nothing if there is already a job with this id.
 * 3. `confirm` makes the reservation the last stored push.
 *
 * An identical push that arrives during steps 1 to 3 waits. If the process dies after step 1, the identical push takes over the reservation
 * with its job id. If the process dies after step 2, the job exists, so the identical push is a duplicate.
 *
 * An unconfirmed reservation of a different push means that it is unknown which push was stored last. Then no push is a duplicate.
 *
 * Each subject has one key, which expires after the duplicate window. All times are those of Redis.
 */

/** Time after which another process can take over a reservation. Shorter than the time limit of `put`, so an identical push is not rejected. */
const RESERVED_MS = 2_000;
/** Delay between two checks of the reservation of another process. */
const POLL_MS = 25;

const NOW = `
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

const CONFIRM = `
local function confirm(window)
  local sha = redis.call("HGET", KEYS[1], "reservedSha")
  redis.call("HDEL", KEYS[1], "reservedSha", "reservedId", "reservedAt")
  redis.call("HSET", KEYS[1], "sha", sha, "at", now)
  redis.call("PEXPIRE", KEYS[1], window)
end
`;

const SCRIPTS = {
  /** Returns `duplicate`, `wait`, or `reserved` with the job id. */
  airudderReserve: `${NOW}${CONFIRM}
local sha, id, window, reservedMs, jobPrefix = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local last = redis.call("HMGET", KEYS[1], "sha", "at", "reservedSha", "reservedId", "reservedAt")
if last[4] == id then return { "reserved", id } end
if last[3] == sha and now - last[5] < window then
  id = last[4]
  if redis.call("EXISTS", jobPrefix .. id) == 1 then
    confirm(window)
    return { "duplicate" }
  end
  if now - last[5] < reservedMs then return { "wait" } end
elseif last[3] then
  redis.call("HDEL", KEYS[1], "sha", "at")
elseif last[1] == sha and now - last[2] < window then
  return { "duplicate" }
end
redis.call("HSET", KEYS[1], "reservedSha", sha, "reservedId", id, "reservedAt", now)
redis.call("PEXPIRE", KEYS[1], math.max(window, reservedMs))
return { "reserved", id }
`,
  airudderConfirm: `${NOW}${CONFIRM}
if redis.call("HGET", KEYS[1], "reservedId") == ARGV[1] then confirm(tonumber(ARGV[2])) end
`,
  airudderRelease: `
if redis.call("HGET", KEYS[1], "reservedId") == ARGV[1] then
  redis.call("HDEL", KEYS[1], "reservedSha", "reservedId", "reservedAt")
end
`,
} as const;

/** The reserved place of a push: the last one of its subject. */
export class Reservation {
  /** @param id the job id; that of an identical push, if its reservation was taken over */
  private constructor(
    readonly id: string,
    private readonly key: string,
    private readonly windowMs: number,
    private readonly connected: Connected,
  ) {}

  /**
   * Reserves the place of a push. Waits while another process stores an identical push.
   * @returns `undefined` if the push is a duplicate
   */
  static async make(
    connected: Connected,
    push: StoredPush,
    windowMs: number,
    limit: TimeLimit,
  ): Promise<Reservation | undefined> {
    const key = keyOf(connected, push);
    const args = [key, push.sha256, push.id, windowMs, RESERVED_MS, connected.queue.toKey("")];
    for (;;) {
      const [result, id] = (await runScript(connected, "airudderReserve", args)) as [string, string];
      if (result === "reserved") return new Reservation(id, key, windowMs, connected);
      if (result === "duplicate") return undefined;
      if (limit.leftMs <= POLL_MS) throw new Error("Another process is still storing an identical push.");
      await setTimeout(POLL_MS);
    }
  }

  /** Makes the stored push the last one of its subject. Ignores errors: `reserve` then finds the job instead. */
  confirm(): void {
    runScript(this.connected, "airudderConfirm", [this.key, this.id, this.windowMs]).catch(() => undefined);
  }

  /** Deletes the reservation of a push that was not stored. Ignores errors: a later push then replaces the reservation. */
  release(): void {
    runScript(this.connected, "airudderRelease", [this.key, this.id]).catch(() => undefined);
  }
}

/** The key is a hash: a subject may contain personal data. */
function keyOf({ queue }: Connected, { subject, type }: StoredPush): string {
  const name = subject === undefined ? `type ${type}` : `subject ${subject}`;
  return queue.toKey(`airudder-last:${hash("sha256", name, "base64url")}`);
}

function runScript({ client }: Connected, name: keyof typeof SCRIPTS, args: (string | number)[]): Promise<unknown> {
  if (!(name in client)) client.defineCommand(name, { numberOfKeys: 1, lua: SCRIPTS[name] });
  return client.runCommand(name, args);
}
