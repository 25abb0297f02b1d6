import assert from "node:assert/strict";
import { after } from "node:test";
import { bullmqInbox } from "airudder-webhooks/bullmq";
import type { Inbox } from "airudder-webhooks/inbox";
import { Redis } from "ioredis";
import { noEvents, storedPush } from "../../../middleware/src/testing/stored-push.js";
import { atEnd } from "../../helpers/at-end.js";
import { sha256 } from "../../helpers/devproxy.js";
import { RecorderApp } from "../../helpers/recorder-app.js";
import { RedisServer, redisTest } from "../../helpers/redis.js";
import { bodiesOf, fill, guideBlock, LISTED, ODD_BODIES, PASSWORD, read } from "./production.js";

let server: Promise<RedisServer> | undefined;
let inboxes = 0;
after(async () => (await server)?.remove());

/** A new inbox in Redis, and its URL for a user who can only read. */
async function startInbox(): Promise<{ inbox: Inbox; url: string; client: Redis }> {
  server ??= RedisServer.start();
  const { url } = await server;
  const client = new Redis(url, { lazyConnect: true });
  await client.connect();
  const command = guideBlock("text").replace("PASSWORD", decodeURIComponent(PASSWORD)).replace("bull:", "{calls}:");
  const [name = "", ...words] = command.trim().split(" ");
  await client.call(name, ...words);
  const queue = `inbox-${++inboxes}`;
  const inbox = bullmqInbox({ queue, connection: { url }, retries: 0, prefix: "{calls}" });
  return {
    inbox,
    client,
    url: `${url.replace("//", `//airudder_reader:${PASSWORD}@`)}/0?queue=${queue}&prefix={calls}`,
  };
}

redisTest("commands list, show and replay the pushes of a bullmqInbox with a user who can only read", async (t) => {
  const { inbox, client, url } = await startInbox();
  atEnd(t, () => client.disconnect());
  await fill(t, inbox);
  const at = ["--journal", url];

  const listed = await read(t, ["list", ...at]);
  assert.deepEqual([listed.code, listed.err], [0, ""]);
  assert.match(listed.out, LISTED);
  assert.match(
    listed.out,
    /\n4 pushes of 4, in redis:\/\/airudder_reader@[^/]+\/0\?queue=inbox-\d+&prefix=%7Bcalls%7D\n$/,
  );

  const seqs = async (...args: string[]) =>
    (await read(t, ["list", "--json", ...args, ...at])).lines().map(({ seq }) => seq);
  const lists = [
    seqs("--last", "2"),
    seqs("--status", "dead", "--since", "1h"),
    seqs("--type", "call.completed", "--last", "1"),
    seqs("--status", "stored", "--call", "c0ffee00c0ffee00c0ffee00c0ffee00"),
  ];
  assert.deepEqual(await Promise.all(lists), [[3, 4], [2], [2], [4]]);
  const [dead, counts] = (await read(t, ["dead", "--json", ...at])).lines();
  assert.deepEqual([dead?.seq, dead?.attempts, counts?.dead, counts?.quarantined], [2, 1, 1, 1]);
  assert.match((await read(t, ["show", String(dead?.id), ...at])).out, /TypeError: cannot save/);

  const app = await new RecorderApp().start();
  atEnd(t, () => app.stop());
  const replayed = await read(t, ["replay", "1..2", "--to", app.url, "--json", ...at]);
  assert.equal(replayed.code, 0, replayed.err);
  assert.deepEqual(
    app.requests.map(({ body }) => JSON.parse(body.toString()).TaskName),
    ["good", "broken"],
  );
});

redisTest("an export contains the exact bytes of the pushes in Redis", async (t) => {
  const { inbox, client, url } = await startInbox();
  atEnd(t, () => client.disconnect());
  await inbox.open(noEvents);
  atEnd(t, () => inbox.close(0));
  for (const body of ODD_BODIES) await inbox.put(storedPush({ body, sha256: sha256(body) }));
  const exported = await read(t, ["export", "--as", "ndjson", "--reveal", "--journal", url]);
  assert.deepEqual(bodiesOf(exported.out), ODD_BODIES);
  const empty = await read(t, ["list", "--until", "1h", "--journal", url]);
  assert.deepEqual(
    [empty.code, empty.out.startsWith("0 pushes of 0, in redis://airudder_reader@")],
    [0, true],
    empty.err,
  );
});

redisTest("a queue that cannot be read is reported on one line, with exit code 3", async (t) => {
  const { inbox, client, url } = await startInbox();
  atEnd(t, () => client.disconnect());
  await inbox.open(noEvents);
  atEnd(t, () => inbox.close(0));
  const newer = new URL(url).searchParams.get("queue");
  await client.lpush(`{calls}:${newer}:wait`, "future");
  await client.hset(`{calls}:${newer}:future`, {
    name: "x",
    data: '{"kind":"push","version":99,"headers":{},"encoding":"utf8","body":""}',
    opts: "{}",
  });
  const cases: [string, RegExp][] = [
    [url.replace(/queue=[^&]+/, "queue=nowhere"), /There is no queue "nowhere"/],
    [url.replace(PASSWORD, "other"), /WRONGPASS/],
    [url.replace(/:\d+\/0/, ":1/0"), /connection refused/],
    [url, /version 99/],
  ];
  await Promise.all(
    cases.map(async ([journal, message]) => {
      const { code, out, err } = await read(t, ["list", "--journal", journal]);
      assert.deepEqual([code, out], [3, ""], err);
      assert.match(err, message);
      assert.match(err, /^airudder-devproxy: The inbox redis:\/\/[^\n]+\n$/);
    }),
  );
});
