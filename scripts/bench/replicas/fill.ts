import type pg from "pg";

/**
 * Adds handled pushes to an inbox on Postgres, as copies of its last push. Each has its own subject.
 * @param schema contains at least one push
 */
export async function addHandledPushes(pool: pg.Pool, schema: string, count: number): Promise<void> {
  await pool.query(
    `insert into ${schema}.pushes (
       id, type, subject, received_at, method, url, headers, body, sha256, reserialised, verified, drift, quarantined, facts,
       state, due_at, finished_at)
     select 'filled-' || n, type, 'filled-' || n, now(), method, url, headers, body, md5(n::text) || md5('-' || n),
       reserialised, verified, drift, quarantined, facts, 'handled', now(), now()
     from generate_series(1, $1::int) as n, (select * from ${schema}.pushes order by position desc limit 1) as last`,
    [count],
  );
  await pool.query(
    `insert into ${schema}.subjects (key, sha256, stored_at)
     select 'subject:' || subject, sha256, now() from ${schema}.pushes where id like 'filled-%'`,
  );
  // Autovacuum does this some time after so many rows were added.
  await pool.query(`vacuum analyze ${schema}.pushes`);
  await pool.query(`vacuum analyze ${schema}.subjects`);
  // Otherwise the server writes gigabytes to disk during the measurement.
  await pool.query("checkpoint");
}
