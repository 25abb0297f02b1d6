import assert from "node:assert/strict";
import { after } from "node:test";
import { storedPush } from "../../../middleware/src/testing/stored-push.js";
import { postgresTest } from "../../helpers/postgres.js";
import { until } from "../../helpers/until.js";
import { removeServer, Schema } from "./server.js";

after(removeServer);

postgresTest("old finished pushes and their subjects are deleted; dead, recent and unfinished ones stay", async (t) => {
  const schema = await Schema.create(t);
  const storing = await schema.open();
  const states = ["handled", "ignored", "dropped", "dead", "quarantined", "waiting"];
  for (const state of [...states, "recent"]) {
    await storing.put(storedPush({ subject: state, sha256: state }));
    await schema.rows("update $schema.pushes set state = $1, finished_at = now() - interval '1 hour' where subject = $2", [
      state === "recent" ? "handled" : state,
      state,
    ]);
  }
  // A subject with an old push and an unfinished one.
  await storing.put(storedPush({ subject: "handled", sha256: "unfinished" }));
  await schema.rows("update $schema.subjects set stored_at = now() - interval '1 hour' where key <> 'subject:recent'");
  await schema.rows("update $schema.pushes set finished_at = now() where subject = 'recent'");
  const working = await schema.open({ retentionMs: 60_000 });
  working.consume(() => new Promise(() => undefined));
  const subjects = async () => (await schema.rows<{ subject: string }>("select subject from $schema.pushes order by 1")).map((row) => row.subject);
  await until(async () => (await subjects()).length === 5);
  assert.deepEqual(await subjects(), ["dead", "handled", "quarantined", "recent", "waiting"]);
  const keys = await schema.rows<{ key: string }>("select key from $schema.subjects order by 1");
  assert.deepEqual(
    keys.map(({ key }) => key),
    ["dead", "handled", "quarantined", "recent", "waiting"].map((subject) => `subject:${subject}`),
  );
  await working.close(10);
});
