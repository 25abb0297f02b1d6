import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DevproxyError } from "../errors.js";
import { writePrivateFile } from "./private-file.js";

/** Generated values that stay the same across restarts. */
export interface Config {
  /** Part of the path of the public URL. Anyone who knows it can send pushes. */
  secret: string;
  /** Name requested from the tunnel's server, so that the public URL stays the same. */
  subdomain: string;
  /** Authorizes requests to the control channel of a running `listen`. Not the token that the app requires. */
  token: string;
}

/** Path of the config in a journal's folder. */
export function configPath(dir: string): string {
  return join(dir, "config.json");
}

/**
 * The config of a folder; `undefined` if it has none.
 * @throws DevproxyError `config_unreadable`, or `config_damaged` if the file is not a valid config. The file is not changed.
 */
export async function readConfig(dir: string): Promise<Config | undefined> {
  const path = configPath(dir);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new DevproxyError("config_unreadable", `${path} cannot be read: ${message}`, 3);
  }
  return parseConfig(path, text);
}

/**
 * Reads the config of an existing folder. If the folder has none, writes one with random values.
 * @param onNew called after writing a new config, which changes the public URL
 * @throws DevproxyError `config_unreadable`, `config_damaged`, `not_writable`
 */
export async function readOrCreateConfig(dir: string, onNew: () => void = () => undefined): Promise<Config> {
  const found = await readConfig(dir);
  if (found !== undefined) return found;
  const created: Config = {
    secret: randomText(18),
    subdomain: `airudder-${randomBytes(5).toString("hex")}`,
    token: randomText(24),
  };
  await writePrivateFile(configPath(dir), `${JSON.stringify(created, null, 2)}\n`);
  onNew();
  return created;
}

function randomText(bytes: number): string {
  return randomBytes(bytes).toString("base64url");
}

function parseConfig(path: string, text: string): Config {
  let value: Partial<Record<keyof Config, unknown>> | null;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged(path, "it is not JSON");
  }
  const { secret, subdomain, token } = value ?? {};
  if (typeof secret !== "string" || !/^[\w-]{16,}$/.test(secret))
    throw damaged(path, '"secret" is missing or malformed');
  if (typeof subdomain !== "string" || !/^[a-z0-9-]+$/.test(subdomain))
    throw damaged(path, '"subdomain" is missing or malformed');
  if (typeof token !== "string" || token.length < 16) throw damaged(path, '"token" is missing or malformed');
  return { secret, subdomain, token };
}

function damaged(path: string, why: string): DevproxyError {
  return new DevproxyError(
    "config_damaged",
    `${path} is damaged: ${why}. Repair it, or delete it to get a new one, which changes the public URL.`,
    3,
  );
}
