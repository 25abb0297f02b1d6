import { after } from "node:test";
import type { Inbox } from "airudder-webhooks/inbox";
import { inboxConformance } from "airudder-webhooks/testing";
import { postgresTest } from "../../helpers/postgres.js";
import { removeServer, Schema } from "./server.js";

after(removeServer);

postgresTest("the rules of an inbox", async (t) => {
  const schema = await Schema.create(t);
  const make = async (keepStorage: boolean): Promise<Inbox> => {
    if (!keepStorage) await schema.clear();
    return schema.inbox() as unknown as Inbox;
  };
  for (const { name, run } of inboxConformance({ make })) await t.test(name, run);
});
