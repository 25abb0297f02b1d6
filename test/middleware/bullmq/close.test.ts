import assert from "node:assert/strict";
import { storedPush } from "../../../middleware/src/testing/stored-push.js";
import { redisTest } from "../../helpers/redis.js";
import { makeEvents, makeInbox, sharedRedis } from "./redis.js";

const server = sharedRedis();

redisTest("close waits for the pushes that are being stored", async (t) => {
  const inbox = makeInbox(t, await server());
  await inbox.open(makeEvents().events);
  const putting = Array.from({ length: 50 }, (_, i) => inbox.put(storedPush({ subject: `s${i}` })));
  await Promise.all([inbox.close(1_000), ...putting]);
});

redisTest("after close, nothing connects to Redis again", async (t) => {
  const inbox = makeInbox(t, await server());
  await inbox.open(makeEvents().events);
  await inbox.close(100);
  const closed = { message: "The inbox is closed." };
  await assert.rejects(inbox.put(storedPush()), closed);
  await assert.rejects(inbox.dead?.() as Promise<unknown>, closed);
});
