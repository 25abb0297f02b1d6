import pg from "pg";
import { PostgresServer } from "../../../test/helpers/postgres.js";
import { RedisServer } from "../../../test/helpers/redis.js";
import { migrate, type SharedInbox } from "../../engines.js";

/** When Redis writes to disk: before each response, or every second. */
const FSYNCS = ["always", "everysec"] as const;
type Fsync = (typeof FSYNCS)[number];

/** A server on which inboxes can be created. */
export interface Database {
  readonly name: string;
  /** The process of the server. */
  readonly pid: number | undefined;
  readonly hasTransactions: boolean;
  create(inbox: string): Promise<SharedInbox>;
}

/** The servers on which the inboxes are stored. */
export class Databases {
  private constructor(
    private readonly postgres: PostgresServer,
    private readonly redis: Readonly<Record<Fsync, RedisServer>>,
    readonly pool: pg.Pool,
  ) {}

  static async start(): Promise<Databases> {
    const postgres = await PostgresServer.start();
    const pool = new pg.Pool({ connectionString: postgres.url });
    await pool.query("create table effects (push text)");
    const redis = { always: await RedisServer.start(), everysec: await RedisServer.start({ appendfsync: "everysec" }) };
    return new Databases(postgres, redis, pool);
  }

  /** A new inbox on Postgres. */
  async onPostgres(name: string): Promise<SharedInbox> {
    const inbox: SharedInbox = { engine: "postgres", url: this.postgres.url, name };
    await migrate(inbox);
    return inbox;
  }

  onRedis(fsync: Fsync, name: string): SharedInbox {
    return { engine: "bullmq", url: this.redis[fsync].url, name };
  }

  get all(): Database[] {
    return [
      {
        name: "Postgres",
        pid: this.postgres.pid,
        hasTransactions: true,
        create: (inbox) => this.onPostgres(inbox),
      },
      ...FSYNCS.map((fsync) => ({
        name: `BullMQ, appendfsync ${fsync}`,
        pid: this.redis[fsync].pid,
        hasTransactions: false,
        create: async (inbox: string) => this.onRedis(fsync, inbox),
      })),
    ];
  }

  async remove(): Promise<void> {
    await this.pool.end();
    await Promise.all([this.postgres, ...Object.values(this.redis)].map((server) => server.remove()));
  }
}
