import assert from "node:assert/strict";
import { after } from "node:test";
import type pg from "pg";
import { rowOf } from "../../../middleware/src/postgres/push-row.js";
import { storedPush } from "../../../middleware/src/testing/stored-push.js";
import { atEnd } from "../../helpers/at-end.js";
import { postgresTest } from "../../helpers/postgres.js";
import { removeServer, Schema } from "./server.js";

after(removeServer);

interface Plan {
  "Node Type": string;
  "Relation Name"?: string;
  "Actual Rows"?: number;
  "Rows Removed by Filter"?: number;
  Plans?: Plan[];
}

/** Runs statements on a session whose functions report the plan of each of their statements. */
class Explained {
  readonly #plans: Plan[] = [];

  constructor(private readonly client: pg.PoolClient) {
    client.on("notice", ({ message = "" }) => {
      const json = message.slice(message.indexOf("{"));
      this.#plans.push((JSON.parse(json) as { Plan: Plan }).Plan);
    });
  }

  async plansOf(text: string, values: unknown[] = []): Promise<Plan[]> {
    this.#plans.length = 0;
    await this.client.query(text, values);
    const nodes = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)];
    return this.#plans.flatMap(nodes);
  }
}

const ROWS = 50_000;
const LEASE = "00000000-0000-4000-8000-000000000000";

postgresTest(
  "no hot statement reads more rows of a large table than it needs, even with plans made while the table was small",
  async (t) => {
    const schema = await Schema.create(t);
    const { name } = schema;
    const client = await schema.pool.connect();
    atEnd(t, () => client.release(true));
    let n = 0;
    const put = (subject: string, claims = false): [string, unknown[]] => {
      const push = storedPush({ subject, sha256: String(n++) });
      const row = rowOf(push, { n: 0, windowMs: 1_000, start: 1, claims });
      return [`select * from ${name}.put($1, $2, 100, $3, 60000, true)`, [JSON.stringify([[row]]), push.body, LEASE]];
    };
    const id = async (where: string): Promise<string> =>
      (await schema.rows<{ id: string }>(`select id from $schema.pushes where ${where} limit 1`))[0]?.id ?? "";
    const marks = async (state: string): Promise<string> =>
      JSON.stringify([
        {
          id: await id("state = 'running'"),
          lease: LEASE,
          subject: "s",
          state,
          attempts: 1,
          error: null,
          alone: null,
          delayMs: 0,
        },
      ]);
    /** Each hot statement. */
    const hot: Record<string, () => Promise<[string, unknown[]]>> = {
      put: async () => put("s"),
      "put of a new subject": async () => put(`new ${n}`),
      "put that claims": async () => put(`new ${n}`, true),
      claim: async () => [`select * from ${name}.claim(2, $1, 60000, 1e12)`, [LEASE]],
      renew: async () => [
        `select * from ${name}.renew($1, 60000)`,
        [JSON.stringify([{ id: await id("state = 'running'"), lease: LEASE }])],
      ],
      start_alone: async () => [`select ${name}.start_alone($1, $2)`, [await id("state = 'running'"), LEASE]],
      "finish with a retry": async () => [`select * from ${name}.finish($1, null, 100)`, [await marks("waiting")]],
      "claim again": async () => [`select * from ${name}.claim(2, $1, 60000, 1e12)`, [LEASE]],
      "finish as dead": async () => [`select * from ${name}.finish($1, null, 100)`, [await marks("dead")]],
      retry: async () => [`select ${name}.retry($1, 100)`, [await id("state = 'dead'")]],
      "claim a third time": async () => [`select * from ${name}.claim(2, $1, 60000, 1e12)`, [LEASE]],
      "finish as handled": async () => [`select * from ${name}.finish($1, null, 100)`, [await marks("handled")]],
      drop: async () => [`select ${name}.drop($1, 100)`, [await id("state = 'dead'")]],
      clean: async () => [`select ${name}.clean(3600000, 10)`, []],
    };
    // Postgres plans the statements of this session while the table is almost empty.
    for (let round = 0; round < 7; round++) {
      for (const statement of Object.values(hot)) await client.query(...(await statement()));
    }
    await schema.rows(`insert into $schema.pushes (id, type, subject, received_at, method, url, headers, body, sha256, reserialised,
      verified, drift, quarantined, facts, state, due_at, attempts, finished_at)
    select 'row' || i, 'unknown', 's' || i % 1000, now(), 'POST', '/', '{}', '', '', false, false, 0, false, '{}', states.state,
      now() - interval '1 minute', 0, now() - interval '1 minute'
    from generate_series(1, ${ROWS}) i,
      lateral (select (array['handled', 'handled', 'handled', 'ignored', 'dead', 'blocked', 'blocked', 'waiting'])[1 + i % 8] as state) states`);
    await schema.rows("insert into $schema.subjects (key) select 'subject:s' || i from generate_series(1, 20000) i");
    await client.query("load 'auto_explain'");
    await client.query(
      "set auto_explain.log_min_duration = 0; set auto_explain.log_nested_statements = on; set auto_explain.log_analyze = on; set auto_explain.log_format = json; set client_min_messages = log",
    );
    const explained = new Explained(client);
    const check = async (when: string): Promise<void> => {
      for (const [statement, make] of Object.entries(hot)) {
        const [text, values] = await make();
        const plans = await explained.plansOf(text, values);
        const touched = plans.filter((plan) => plan["Relation Name"] !== undefined || plan["Node Type"] === "Sort");
        assert.ok(touched.length > 0, `${statement}: no plan was reported`);
        for (const plan of touched) {
          assert.notEqual(plan["Node Type"], "Seq Scan", `${statement} ${when}: ${JSON.stringify(plan)}`);
          const read = (plan["Actual Rows"] ?? 0) + (plan["Rows Removed by Filter"] ?? 0);
          assert.ok(read <= 20, `${statement} ${when} reads ${read} rows: ${JSON.stringify(plan)}`);
        }
      }
    };
    await check("with old plans");
    await schema.rows("analyze $schema.pushes");
    await schema.rows("analyze $schema.subjects");
    await check("after analyze");
    const counted = await explained.plansOf(`select * from ${name}.counts(1000)`);
    for (const plan of counted) {
      assert.notEqual(plan["Node Type"], "Seq Scan");
      assert.ok((plan["Actual Rows"] ?? 0) <= 1_000, plan["Node Type"]);
    }
  },
);
