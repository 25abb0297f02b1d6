import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { DevproxyError } from "../errors.js";
import { editDistance } from "./edit-distance.js";
import { isUrl } from "./inbox-url.js";
import { findUpwards } from "./search.js";
import { splitTunnel, TUNNEL_KINDS } from "./tunnel-kinds.js";
import { DEFAULT_TARGET, parseRetention, parseTarget, WHEN_DOWN } from "./values.js";

/** Name of the project's config file, which is located beside `package.json`. */
const PROJECT_FILE = "airudder-devproxy.json";

/** Options of the project's config file, with the names and the values of the flags. */
export interface ProjectOptions {
  target?: string;
  /** In the file, relative to the file. `readProjectConfig` returns it relative to the working directory. */
  journal?: string;
  /** `localtunnel`, `none` or `url:https://...`. Tunnels that run a program are rejected. */
  tunnel?: string;
  tunnelHost?: string;
  subdomain?: string;
  whenDown?: string;
  keep?: string;
  port?: number;
}

/** The path and the validated options of the project's config file. */
export interface ProjectConfig {
  path: string;
  options: ProjectOptions;
}

/** Throws an Error if a value is invalid. Its message follows the name of the option, for example: `must be a whole number`. */
type Check = (value: unknown) => void;

const checkText: Check = (value) => {
  if (typeof value !== "string" || value === "") throw new Error("must be a string that is not empty");
};

const CHECKS: Record<keyof ProjectOptions, Check> = {
  target: (value) => {
    rejectSecret(targetOf(value));
  },
  journal: (value) => {
    checkText(value);
    if (isUrl(String(value)))
      throw new Error(
        "must be a folder. For the URL of an inbox, use --journal or the environment variable AIRUDDER_JOURNAL",
      );
  },
  tunnel: (value) => {
    checkText(value);
    if (isSafeTunnel(String(value))) return;
    throw new Error(
      "must be localtunnel, none or url: with the public URL of your tunnel, such as url:https://demo.example.com. For a tunnel that runs a program, use --tunnel on the command line",
    );
  },
  tunnelHost: (value) => {
    checkText(value);
    if (/[@?]/.test(String(value))) throw new Error("must be a URL without a user name, password or query");
  },
  subdomain: checkText,
  whenDown: (value) => {
    if (!(WHEN_DOWN as readonly unknown[]).includes(value)) throw new Error("must be hold, ack or fail");
  },
  keep: (value) => {
    checkText(value);
    parseRetention(String(value));
  },
  port: (value) => {
    const isPort = Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535;
    if (!isPort) throw new Error("must be a whole number from 0 to 65535");
  },
};

/** Whether a value of `--tunnel` neither runs a program nor contains a secret. */
function isSafeTunnel(value: string): boolean {
  const { kind, argument } = splitTunnel(value);
  if (kind === undefined || TUNNEL_KINDS[kind].runsProgram) return false;
  return !value.includes(":") || /^https?:\/\/[^\s/@?#]+\/?$/.test(argument);
}

/** The error message does not quote the value, which may contain a token. */
function targetOf(value: unknown): URL {
  try {
    checkText(value);
    return parseTarget(value as string);
  } catch {
    throw new Error(`must be an http(s) URL without a user name or password, such as ${DEFAULT_TARGET}`);
  }
}

function rejectSecret({ search, pathname }: URL): void {
  if (search !== "" || /\/t\/[^/]+\/?$/.test(pathname)) {
    throw new Error(
      "must not contain a query or the app's token. Set the environment variable AIRUDDER_TOKEN or AIRUDDER_TARGET instead",
    );
  }
}

/**
 * Reads the config file of the project that the working directory belongs to; `undefined` if it has none. The search stops at the root of
 * the repository.
 * @throws DevproxyError `project_config`, naming the file and the option
 */
export function readProjectConfig(cwd = process.cwd()): ProjectConfig | undefined {
  const path = findUpwards(PROJECT_FILE, (stats) => stats.isFile(), cwd);
  if (path === undefined) return undefined;
  const options: ProjectOptions = parse(path);
  for (const [name, value] of Object.entries(options)) check(path, name, value);
  if (options.journal === undefined) return { path, options };
  return { path, options: { ...options, journal: relative(cwd, resolve(dirname(path), options.journal)) || "." } };
}

function parse(path: string): object {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8").replace(/^\ufeff/, ""));
  } catch (error) {
    // The message of a syntax error quotes the file.
    const why = error instanceof SyntaxError ? "it is not JSON" : (error as Error).message;
    throw new DevproxyError("project_config", `${path} cannot be read: ${why}.`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new DevproxyError("project_config", `${path} must contain a JSON object, such as {"keep": "30d"}.`);
}

/** @throws DevproxyError `project_config` */
function check(path: string, name: string, value: unknown): void {
  if (!Object.hasOwn(CHECKS, name)) throw new DevproxyError("project_config", `${path}: ${unknownOption(name)}`);
  try {
    CHECKS[name as keyof ProjectOptions](value);
  } catch (error) {
    const why = (error as Error).message.replace(/\.$/, "");
    const what = error instanceof DevproxyError ? `is wrong. ${why}` : why;
    throw new DevproxyError("project_config", `${path}: "${name}" ${what}.`);
  }
}

function unknownOption(name: string): string {
  if (/key/i.test(name))
    return `"${name}" is not allowed in this file. Set the environment variable AIRUDDER_KEY instead.`;
  if (/token|secret|password/i.test(name)) {
    return `"${name}" is not allowed in this file. Set the environment variable AIRUDDER_TOKEN instead.`;
  }
  if (/command|exec|run|script|shell|verify|restart/i.test(name)) {
    return `"${name}" is not allowed in this file, which never runs a program. Use a flag on the command line instead.`;
  }
  const known = Object.keys(CHECKS);
  const similar = known.find((each) => isSimilar(each, name));
  const advice = similar === undefined ? `Options: ${known.join(", ")}.` : `Did you mean "${similar}"?`;
  return `"${name}" is unknown. ${advice}`;
}

/** Whether a name is probably a misspelling of a known one: spelled as a flag (`when-down`), or different in one or two letters. */
function isSimilar(known: string, name: string): boolean {
  const [a, b] = [known, name].map((each) => each.toLowerCase().replace(/[^a-z]/g, "")) as [string, string];
  return editDistance(a, b) <= (Math.min(a.length, b.length) > 4 ? 2 : 1);
}
