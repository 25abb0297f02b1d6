import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { drillScenarios } from "airudder-webhooks/testing";
import { buildSync } from "esbuild";
import { run } from "../../helpers/devproxy.js";
import { bundleOptions } from "../../helpers/devproxy-programs.js";
import { makeFolder } from "../../helpers/folder.js";
import { freePort } from "../../helpers/free-port.js";

const guide = readFileSync(new URL("../../../middleware/README.md", import.meta.url), "utf8");
const snippets = [...guide.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code as string);
const SAVE = /console\.log\(call\.CallID, call\.Status, call\.Intention\)/;

const APPS = {
  "the app of the guide's start": snippets[0] ?? "",
  "the app with an inbox": snippets.find((code) => code.includes('process.once("SIGTERM"')) ?? "",
};

/** Compiles an app that appends a row for each call. @returns the program */
function compile(code: string): string {
  assert.match(code, SAVE);
  const options = bundleOptions();
  const source = `import { appendFileSync } from "node:fs";
    ${code.replace(SAVE, 'appendFileSync("rows.txt", call.CallID + "\\n")')}`;
  const resolveDir = fileURLToPath(new URL("../../../devproxy/src", import.meta.url));
  const stdin = { contents: source, loader: "ts", resolveDir, sourcefile: "app.ts" } as const;
  buildSync({ ...options, stdin, splitting: false, external: ["express"] });
  return join(options.outdir, "stdin.mjs");
}

describe("the apps in middleware/README.md", { concurrency: true }, () => {
  for (const [name, code] of Object.entries(APPS)) {
    test(`${name} passes every scenario that it has handlers for`, async (t) => {
      const folder = makeFolder(t);
      const port = await freePort();
      const script = (file: string, text: string) => {
        writeFileSync(join(folder, file), text);
        return `"${process.execPath}" "${join(folder, file)}"`;
      };
      const env = { AIRUDDER_KEY: "k3y", AIRUDDER_TOKEN: "t0ken", PORT: String(port) };
      const start = script(
        "start.cjs",
        `process.chdir(${JSON.stringify(folder)}); import(${JSON.stringify(compile(code))});`,
      );
      const rows = JSON.stringify(join(folder, "rows.txt"));
      const count = `const fs = require("fs"); console.log(fs.existsSync(${rows}) ? fs.readFileSync(${rows}, "utf8").split("\\n").length - 1 : 0)`;
      const url = `http://127.0.0.1:${port}/webhooks/airudder`;
      const args = [
        "--to",
        url,
        "--verify",
        script("count.cjs", count),
        "--restart-with",
        start,
        "--time-scale",
        "200",
        "--json",
      ];
      const { code: exit, out, err, lines } = await run(["drill", ...args], { env });
      assert.equal(exit, 0, out + err);
      // The apps have no effect for states, which the drill reports.
      const statuses = lines()
        .slice(0, -1)
        .map((line) => [line.name, line.status]);
      const expected = drillScenarios.map((scenario) => [
        scenario.name,
        ["out-of-order", "late"].includes(scenario.name) ? "skipped" : "passed",
      ]);
      assert.deepEqual(statuses, expected, out);
    });
  }
});
