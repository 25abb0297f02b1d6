import type { IRedisClient } from "bullmq";

/** The settings of Redis that decide whether stored pushes survive. `undefined`: could not be read. */
interface DurabilitySettings {
  readonly aof: boolean | undefined;
  readonly appendfsync: string | undefined;
  readonly maxmemoryPolicy: string | undefined;
}

/** Reads the settings. Managed Redis often rejects CONFIG. */
async function readSettings(client: IRedisClient): Promise<DurabilitySettings> {
  const [info, appendfsync] = await Promise.all([client.info().catch(() => ""), readAppendfsync(client)]);
  const read = (name: string): string | undefined => new RegExp(`^${name}:(\\S*)`, "m").exec(info)?.[1];
  const aof = read("aof_enabled");
  return {
    aof: aof === undefined ? undefined : aof === "1",
    appendfsync,
    maxmemoryPolicy: read("maxmemory_policy"),
  };
}

async function readAppendfsync(client: IRedisClient): Promise<string | undefined> {
  try {
    const { call } = client as { call?: (...args: string[]) => Promise<unknown> };
    const reply = await call?.("CONFIG", "GET", "appendfsync");
    // A list of name and value, or an object with the name: it depends on the version of the protocol.
    const value = Array.isArray(reply) ? reply[1] : Object(reply).appendfsync;
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** For each setting that weakens the guarantee "nothing acknowledged is lost": what can be lost, and how to change it. */
export async function findWeakGuarantees(client: IRedisClient): Promise<string[]> {
  const { aof, appendfsync, maxmemoryPolicy } = await readSettings(client);
  return [weaknessOfAof(aof, appendfsync), weaknessOfPolicy(maxmemoryPolicy)].filter((each) => each !== undefined);
}

function weaknessOfAof(aof: boolean | undefined, appendfsync: string | undefined): string | undefined {
  if (aof === false) {
    return "Redis writes no append-only file (appendonly no): if Redis restarts, all pushes since its last snapshot are lost. Set appendonly yes and appendfsync always.";
  }
  if (aof === undefined || appendfsync === undefined) {
    return "The settings appendonly and appendfsync of Redis could not be read, so it is unknown whether stored pushes survive a crash. Without appendfsync always, up to the last seconds of them can be lost.";
  }
  if (appendfsync === "everysec") {
    return "Redis syncs its append-only file once a second (appendfsync everysec): if its machine crashes, up to about one second of stored pushes can be lost. Set appendfsync always to lose none.";
  }
  if (appendfsync === "no") {
    return "Redis lets the operating system sync its append-only file (appendfsync no): if its machine crashes, up to about 30 seconds of stored pushes can be lost. Set appendfsync always to lose none.";
  }
  return undefined;
}

function weaknessOfPolicy(policy: string | undefined): string | undefined {
  if (policy === undefined) {
    return "The setting maxmemory-policy of Redis could not be read. With a value other than noeviction, Redis may delete stored pushes when its memory is full.";
  }
  if (policy === "noeviction") return undefined;
  const lost = policy.startsWith("volatile-")
    ? "locks and the data that detects duplicates, so that a push is handled twice"
    : "stored pushes";
  return `When its memory is full, Redis may delete ${lost} (maxmemory-policy ${policy}). Set maxmemory-policy noeviction.`;
}
