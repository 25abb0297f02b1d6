import assert from "node:assert/strict";
import { after } from "node:test";
import type pg from "pg";
import { storedPush } from "../../../middleware/src/testing/stored-push.js";
import { pgbouncerTest, startPgbouncer } from "../../helpers/pgbouncer.js";
import { makePool } from "../../helpers/postgres.js";
import { until } from "../../helpers/until.js";
import { removeServer, Schema, sharedServer } from "./server.js";

after(removeServer);

pgbouncerTest(
  "behind PgBouncer in transaction mode: order, duplicates, retries and exactly one effect of each push",
  async (t) => {
    const schema = await Schema.create(t);
    await schema.rows("create table $schema.effects (n serial, subject text, body text)");
    const url = await startPgbouncer(t, (await sharedServer()).port);
    const open = () => schema.open({ pool: makePool(t, { connectionString: url, max: 10 }) });
    const inboxes = await Promise.all([open(), open()]);
    await inboxes[0]?.migrate();
    const failed = new Set<string>();
    for (const inbox of inboxes) {
      inbox.consume(async ({ id, subject, body }, { transaction }) => {
        const client = transaction as pg.PoolClient;
        await client.query(`insert into ${schema.name}.effects (subject, body) values ($1, $2)`, [subject, `${body}`]);
        if (failed.has(id)) return;
        failed.add(id);
        throw new Error("The first attempt fails.");
      });
    }
    const rows = 20;
    for (let n = 0; n < rows; n++) {
      const results = await Promise.all(
        ["a", "b", "c", "d", "e"].flatMap((subject) =>
          // The same push, at the same time, to both processes.
          inboxes.map((inbox) => inbox.put(storedPush({ subject, sha256: `${n}`, body: Buffer.from(`${n}`) }))),
        ),
      );
      assert.equal(results.filter((result) => result === "stored").length, 5);
    }
    const unfinished = "select from $schema.pushes where state <> 'handled'";
    await until(async () => (await schema.rows(unfinished)).length === 0, 20_000);
    const effects = await schema.rows<{ subject: string; bodies: string[] }>(
      "select subject, array_agg(body order by n) as bodies from $schema.effects group by subject order by subject",
    );
    const inOrder = Array.from({ length: rows }, (_, n) => `${n}`);
    assert.deepEqual(
      effects,
      ["a", "b", "c", "d", "e"].map((subject) => ({ subject, bodies: inOrder })),
    );
  },
);
