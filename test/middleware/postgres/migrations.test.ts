import assert from "node:assert/strict";
import { after } from "node:test";
import { AirudderError } from "airudder-webhooks";
import { postgresInbox } from "airudder-webhooks/postgres";
import { noEvents, storedPush } from "../../../middleware/src/testing/stored-push.js";
import { makePool, postgresTest } from "../../helpers/postgres.js";
import { until } from "../../helpers/until.js";
import { removeServer, sharedServer } from "./server.js";

after(removeServer);

postgresTest("migrate() in ten processes at once, and again later, creates the tables once", async (t) => {
  const pool = makePool(t, { connectionString: (await sharedServer()).url });
  const inbox = () => postgresInbox({ pool, schema: 'Odd "name", é' });
  await Promise.all(Array.from({ length: 10 }, () => inbox().migrate()));
  await inbox().migrate();
  const opened = inbox();
  await opened.open(noEvents);
  assert.equal(await opened.put(storedPush()), "stored");
  await opened.close(100);
});

postgresTest("the texts of migrations() create the same tables and functions", async (t) => {
  const pool = makePool(t, { connectionString: (await sharedServer()).url });
  const inbox = postgresInbox({ pool, schema: "by_hand" });
  for (const text of inbox.migrations()) await pool.query(text);
  await postgresInbox({ pool, schema: "by_migrate" }).migrate();
  const definition = async (schema: string): Promise<unknown[]> => {
    const { rows } = await pool.query(
      `select column_name as name, data_type as definition from information_schema.columns where table_schema = $1
       union all select indexname, indexdef from pg_indexes where schemaname = $1
       union all select proname, prosrc from pg_proc where pronamespace = $1::regnamespace order by 1, 2`,
      [schema],
    );
    return rows.map(({ name, definition }) => [name, definition.replaceAll(schema, "")]);
  };
  assert.deepEqual(await definition("by_hand"), await definition("by_migrate"));
  await inbox.open(noEvents);
  await inbox.migrate();
  await inbox.close(0);
});

postgresTest("a name that would end the text of a function is rejected", async (t) => {
  const pool = makePool(t, { connectionString: (await sharedServer()).url });
  assert.throws(() => postgresInbox({ pool, schema: "a$function$; select 1" }), { code: "invalid_option" });
});

postgresTest("open() rejects a schema without tables, and tables of a newer version", async (t) => {
  const pool = makePool(t, { connectionString: (await sharedServer()).url });
  const inbox = postgresInbox({ pool, schema: "versions" });
  const failsWith = (message: RegExp) =>
    assert.rejects(inbox.open(noEvents), (error) => {
      assert.ok(error instanceof AirudderError && error.code === "inbox_unavailable");
      assert.match(error.message, message);
      return true;
    });
  await failsWith(/has no tables.*Call inbox\.migrate\(\)/);
  await inbox.migrate();
  await pool.query("insert into versions.migrations values (99)");
  await failsWith(/version 99.*Update airudder-webhooks/);
  await inbox.migrate();
});

postgresTest("the documented privileges are enough", async (t) => {
  const { url, port } = await sharedServer();
  const owner = makePool(t, { connectionString: url });
  await postgresInbox({ pool: owner, schema: "private" }).migrate();
  await owner.query(`create role app login;
    grant usage on schema private to app;
    grant select, insert, update, delete on private.pushes, private.subjects to app;
    grant select on private.migrations to app`);
  const pool = makePool(t, { host: "127.0.0.1", port, user: "app", database: "postgres" });
  const inbox = postgresInbox({ pool, schema: "private", retries: 0 });
  await inbox.open(noEvents);
  let isBroken = true;
  let handled = 0;
  inbox.consume(async (_, { transaction }) => {
    await transaction?.query("select 1");
    if (isBroken) throw new Error("broken");
    handled++;
  });
  await inbox.put(storedPush());
  await until(async () => (await inbox.dead()).length === 1);
  isBroken = false;
  await inbox.retry((await inbox.dead())[0]?.id ?? "");
  await until(() => handled === 1);
  await pool.query("select private.clean(0, 10)");
  await inbox.close(1_000);
});

postgresTest("a database with another encoding is rejected with a reason", async (t) => {
  const { url } = await sharedServer();
  const text = "create database latin encoding 'LATIN1' template template0 lc_collate 'C' lc_ctype 'C'";
  await makePool(t, { connectionString: url }).query(text);
  const pool = makePool(t, { connectionString: url.replace(/\/postgres$/, "/latin") });
  const inbox = postgresInbox({ pool });
  await inbox.migrate();
  await assert.rejects(inbox.open(noEvents), { code: "inbox_unavailable", message: /encoding LATIN1/ });
});

postgresTest("a database whose default isolation is stricter is rejected with a reason", async (t) => {
  const { url } = await sharedServer();
  const pool = makePool(t, { connectionString: url, options: "-c default_transaction_isolation=serializable" });
  const inbox = postgresInbox({ pool, schema: "isolation" });
  await inbox.migrate();
  await assert.rejects(inbox.open(noEvents), /READ COMMITTED, not SERIALIZABLE/);
});
