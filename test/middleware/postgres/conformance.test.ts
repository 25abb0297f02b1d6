import { after } from "node:test";
import { inboxConformance } from "airudder-webhooks/testing";
import type pg from "pg";
import { atEnd } from "../../helpers/at-end.js";
import { makePool, postgresTest } from "../../helpers/postgres.js";
import { TcpProxy } from "../../helpers/tcp-proxy.js";
import { removeServer, Schema, sharedServer } from "./server.js";

after(removeServer);

postgresTest("the rules of an inbox", async (t) => {
  const schema = await Schema.create(t);
  await schema.rows("create table $schema.effects (text text)");
  const proxies = new WeakMap<object, TcpProxy>();
  const cases = inboxConformance<pg.PoolClient>({
    async make(keepStorage) {
      if (!keepStorage) await schema.rows("truncate $schema.pushes, $schema.subjects, $schema.effects");
      const { port, url } = await sharedServer();
      const proxy = await TcpProxy.start(port);
      atEnd(t, () => proxy.close());
      const pool = makePool(t, { connectionString: url.replace(String(port), String(proxy.port)) });
      const inbox = schema.inbox({ pool, leaseMs: 300 });
      proxies.set(inbox, proxy);
      return inbox;
    },
    crash(inbox) {
      proxies.get(inbox)?.close();
      void inbox.close(0).catch(() => undefined);
    },
    effects: {
      write: (client, text) => client.query(`insert into ${schema.name}.effects values ($1)`, [text]),
      read: async () =>
        (await schema.rows<{ text: string }>("select text from $schema.effects")).map(({ text }) => text),
    },
  });
  for (const { name, run } of cases) await t.test(name, run);
});
