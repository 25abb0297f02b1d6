import { usageError } from "../errors.js";

interface UrlOfEngine {
  /** For the driver: the URL with its credentials. */
  readonly connection: string;
  /** For messages: the URL without its password. */
  readonly shown: string;
}

/** The URL of a `postgresInbox`. */
export interface PostgresUrl extends UrlOfEngine {
  readonly engine: "postgres";
  /** The parameter `schema`. */
  readonly schema: string;
}

/** The URL of a `bullmqInbox`. */
export interface BullmqUrl extends UrlOfEngine {
  readonly engine: "bullmq";
  /** The parameter `queue`. */
  readonly queue: string;
  /** The parameter `prefix`; `undefined`: the default of BullMQ. */
  readonly prefix: string | undefined;
}

/** The URL of an app's inbox in a database. */
export type InboxUrl = PostgresUrl | BullmqUrl;

const EXAMPLES = "postgres://USER@HOST/DATABASE?schema=airudder or redis://HOST:6379/0?queue=airudder";

/** Whether the value of `--journal` is a URL. The URL may be malformed. */
export function isUrl(journal: string): boolean {
  return /^[a-z][a-z\d+.-]+:\/\//i.test(journal);
}

/**
 * Parses the URL of an inbox; `undefined` for the path of a folder. No error message quotes the URL, which may contain a password.
 * @throws DevproxyError `usage`
 */
export function parseInboxUrl(journal: string): InboxUrl | undefined {
  if (!isUrl(journal)) return undefined;
  if (!URL.canParse(journal)) {
    const advice = "Encode special characters of the password with encodeURIComponent.";
    throw usageError(`The URL of --journal is malformed. ${advice} Give a folder, or a URL such as ${EXAMPLES}.`);
  }
  const url = new URL(journal);
  switch (url.protocol) {
    case "postgres:":
    case "postgresql:": {
      const { schema = "airudder" } = takeParameters(url, ["schema"]);
      return { engine: "postgres", schema, connection: url.href, shown: shownUrl(url, { schema }) };
    }
    case "redis:":
    case "rediss:": {
      const { queue = "airudder", prefix } = takeParameters(url, ["queue", "prefix"]);
      return { engine: "bullmq", queue, prefix, connection: url.href, shown: shownUrl(url, { queue, prefix }) };
    }
    default:
      throw usageError(
        `--journal does not support ${url.protocol}// URLs. Give a folder, or a URL such as ${EXAMPLES}.`,
      );
  }
}

/** Removes parameters from a URL, and returns those that have a value. */
function takeParameters<Name extends string>(url: URL, names: readonly Name[]): { [name in Name]?: string } {
  const found: { [name in Name]?: string } = {};
  for (const name of names) {
    const value = url.searchParams.get(name);
    if (value) found[name] = value;
    url.searchParams.delete(name);
  }
  return found;
}

/** The URL without its password and without the parameters of the driver, which may contain a password. */
function shownUrl({ protocol, username, host, pathname }: URL, parameters: Record<string, string | undefined>): string {
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return `${protocol}//${username && `${username}@`}${host}${pathname}?${new URLSearchParams(given)}`;
}
