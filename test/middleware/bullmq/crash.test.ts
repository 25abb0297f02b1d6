import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { airudder } from "airudder-webhooks";
import { atEnd } from "../../helpers/at-end.js";
import { agentStatus, webRequest } from "../../helpers/push.js";
import { type RedisServer, redisTest, startRedis } from "../../helpers/redis.js";
import { until } from "../../helpers/until.js";
import { makeInbox } from "./redis.js";

const fixture = fileURLToPath(new URL("app.fixture.ts", import.meta.url));

/** Runs the app until it ends. Returns the lines that it has printed. */
async function runApp({ url }: RedisServer, queue: string): Promise<string[]> {
  const args = ["--import", "tsx", fixture, url, queue];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], timeout: 60_000 });
  const [output] = await Promise.all([text(child.stdout), once(child, "exit")]);
  return output.trim().split("\n").sort();
}

redisTest(
  "another process handles the pushes of a dead one; the push that ends its process runs alone, then is dead",
  async (t) => {
    const redis = await startRedis(t);
    const queue = "airudder";
    const handled: string[] = [];
    const receiver = airudder({
      key: "k",
      token: false,
      warnings: false,
      work: false,
      inbox: makeInbox(t, redis, { queue, leaseMs: 300, retries: 0 }),
    });
    atEnd(t, () => receiver.close());
    receiver.on("dialer.agent", ({ payload }) => void handled.push(String(payload.pds?.body.taskId)));
    const tasks = ["poison", "a", "b", "c"];
    for (const taskId of tasks) assert.equal((await receiver.fetch(webRequest(agentStatus({ taskId })))).status, 200);

    const starts = tasks.map((task) => `start ${task} attempt 1`).sort();
    assert.deepEqual(
      (await runApp(redis, queue)).map((line) => line.replace(/ beside.*/, "")),
      starts,
    );
    // All of them are suspects now.
    const alone = await runApp(redis, queue);
    assert.ok(alone.includes("start poison attempt 1 beside 0"), alone.join());
    assert.deepEqual(
      alone.filter((line) => /beside [1-9]/.test(line)),
      [],
    );
    const done = alone.filter((line) => line.startsWith("done")).map((line) => line.replace("done ", ""));
    receiver.work();
    await until(() => handled.length + done.length === 3);
    assert.deepEqual([...handled, ...done].sort(), ["a", "b", "c"]);
    await until(async () => (await receiver.dead()).length === 1);
    const [dead] = await receiver.dead();
    assert.equal(dead?.attempts, 1, "only the attempt that ran alone counts");
    assert.match(dead?.error ?? "", /^ProcessEnded: The process ended during its attempts/);
  },
);
