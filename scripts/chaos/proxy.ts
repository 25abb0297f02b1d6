import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const TEST = "test/devproxy/ingress/kill.test.ts";

/** Kills the dev proxy with SIGKILL under load, while segments are closed and dropped. Runs the same test as CI, with more kills. */
export default async function chaosProxy({ short }: { short: boolean }): Promise<void> {
  const rounds = short ? 4 : 50;
  console.log(`dev proxy: ${rounds} kills under load (${TEST})`);
  const env = { ...process.env, KILL_ROUNDS: String(rounds) };
  const child = spawn(process.execPath, ["--import", "tsx", "--test", TEST], {
    cwd: root,
    env,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error("a push that got the response 200 is missing, or the journal could not be opened");
}
