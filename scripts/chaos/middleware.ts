import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stats } from "airudder-webhooks";
import { Child, compile } from "../child.js";
import type { AppOptions } from "./app.js";
import { Sender, type Sent } from "./vendor-load.js";

const SLOTS = 32;
/** Small, so that files come and go all the time. */
const SEGMENT_BYTES = 256 * 1024;
const LONGEST_LIFE_MS = 1_500;
/** What was handled so shortly before a kill may have been in hands: its mark was not on disk yet. */
const IN_HANDS_MS = 2_000;

/** What a run came to. */
export interface CrashReport {
  readonly kills: number;
  readonly sent: number;
  readonly acknowledged: number;
  readonly handled: number;
  /** Pushes that were handled again, since they were in hands at a kill. */
  readonly again: number;
  readonly tries: number;
  readonly missed: readonly string[];
}

/**
 * An app with a file inbox under load is killed with -9 at random moments, also while it starts: every push that was acknowledged or sent
 * is handled in the end, and none twice but those that were in hands at a kill.
 * @throws when anything is missed
 */
export default async function middlewareChaos({ short }: { short: boolean }): Promise<void> {
  const report = await crash(short ? 5 : 50);
  const { kills, sent, acknowledged, handled, again, tries, missed } = report;
  console.log(
    `${kills} kills: ${sent} pushes sent in ${tries} tries, ${acknowledged} acknowledged, ${handled} handled, ${again} of them again since they were in hands at a kill`,
  );
  if (missed.length > 0) throw new Error(`the middleware did not meet its guarantees:\n${missed.join("\n")}`);
}

/** Runs it with so many kills. */
export async function crash(kills: number): Promise<CrashReport> {
  const folder = mkdtempSync(join(tmpdir(), "airudder-chaos-"));
  const log = join(folder, "handled");
  const script = await compile("scripts/chaos/app.ts");
  const killedAt: number[] = [];
  let port = 0;
  const live = async (): Promise<Child> => {
    const life = killedAt.length + 1;
    const options: AppOptions = {
      dir: join(folder, "inbox"),
      log,
      life,
      port,
      segmentBytes: SEGMENT_BYTES,
      handlerMs: 5,
    };
    const { child, ready } = await Child.start(script, [JSON.stringify(options)]);
    port = ready as number;
    return child;
  };
  let app = await live();
  try {
    const sender = new Sender(port, SLOTS);
    while (killedAt.length < kills) {
      await pause(Math.random() * LONGEST_LIFE_MS);
      await app.kill("SIGKILL");
      killedAt.push(Date.now());
      app = await live();
    }
    const sent = await sender.finish();
    await drained(app);
    await app.invoke("close");
    return judge(sent, readFileSync(log, "utf8"), killedAt);
  } finally {
    await app.kill();
    script.remove();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function drained(app: Child): Promise<void> {
  const end = Date.now() + 60_000;
  while ((await app.invoke<Stats>("stats")).inbox?.queued !== 0) {
    if (Date.now() > end) return;
    await pause(50);
  }
}

interface Handling {
  life: number;
  at: number;
}

function judge(sent: Sent, log: string, killedAt: readonly number[]): CrashReport {
  const handlings = new Map<string, Handling[]>();
  let handled = 0;
  for (const line of log.split("\n").slice(0, -1)) {
    const [life, at, call = ""] = line.split(" ");
    handlings.set(call, [...(handlings.get(call) ?? []), { life: Number(life), at: Number(at) }]);
    handled++;
  }
  const missed = [
    ...[...sent.acknowledged]
      .filter((call) => !handlings.has(call))
      .map((call) => `${call}: acknowledged, never handled`),
    ...[...sent.calls].filter((call) => !handlings.has(call)).map((call) => `${call}: sent, never handled`),
    ...sent.lost.map((call) => `${call}: refused six times`),
    ...[...handlings].flatMap(([call, all]) => wrongRepeats(call, all, killedAt)),
  ];
  const kills = killedAt.length;
  const { calls, acknowledged, tries } = sent;
  const again = handled - handlings.size;
  return { kills, sent: calls.size, acknowledged: acknowledged.size, handled, again, tries, missed };
}

/** A push may be handled again only in a later life, when the one before was ended shortly after the first time. */
function wrongRepeats(call: string, handlings: readonly Handling[], killedAt: readonly number[]): string[] {
  return handlings.slice(1).flatMap((handling, i) => {
    const before = handlings[i] as Handling;
    if (handling.life <= before.life) return [`${call}: handled twice in life ${handling.life}`];
    const end = killedAt[before.life - 1] ?? 0;
    return end - before.at > IN_HANDS_MS ? [`${call}: handled again ${end - before.at} ms before a kill`] : [];
  });
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
