import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { makeFolder } from "../helpers/folder.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const npm = process.env.npm_execpath ?? "npm";

/** Runs npm as it runs itself, which is a script on every platform. */
function runNpm(args: string[], cwd: string): string {
  const [command, first] = npm.endsWith("js") ? [process.execPath, [npm]] : [npm, []];
  return execFileSync(command, [...first, ...args], {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    shell: command === "npm" && process.platform === "win32",
  });
}

before(() => {
  runNpm(["run", "build"], root);
});

test("airudder-webhooks has no dependencies", () => {
  const { dependencies, peerDependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(root, "middleware/package.json"), "utf8"),
  );
  assert.deepEqual([dependencies, peerDependencies, optionalDependencies], [undefined, undefined, undefined]);
});

test("the lock file has every optional package of every platform, as npm ci wants", () => {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, { optionalDependencies?: Record<string, string>; resolved?: string }>;
  };
  const paths = Object.keys(packages);
  const missing = Object.values(packages)
    .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
    .filter((name) => !paths.some((path) => path.endsWith(`node_modules/${name}`)));
  assert.deepEqual(missing, []);
  assert.deepEqual(
    Object.values(packages).filter(({ resolved }) => resolved?.startsWith("http")),
    [],
    "no registry is named",
  );
});

for (const name of ["middleware", "devproxy"]) {
  test(`${name}: publint finds nothing`, async () => {
    const { messages } = await publint({ pkgDir: join(root, name), strict: true });
    assert.deepEqual(messages, []);
  });
}

test("both packages, packed and installed in an empty folder, run with import and with require, and are typed", (t) => {
  const folder = makeFolder(t);
  const tarballs = ["middleware", "devproxy"].map((name) => {
    const [{ filename, files }] = JSON.parse(
      runNpm(["pack", "--json", "--pack-destination", folder], join(root, name)),
    );
    const paths = (files as { path: string }[]).map(({ path }) => path);
    assert.ok(
      paths.includes("LICENSE") && paths.includes("README.md") && paths.includes("dist/index.d.ts"),
      paths.join(),
    );
    assert.ok(!paths.some((path) => path.startsWith("src/") || path.includes("test/")), paths.join());
    return join(folder, filename);
  });
  writeFileSync(join(folder, "package.json"), '{ "private": true }');
  runNpm(["install", "--no-audit", "--no-fund", "--prefer-offline", ...tarballs], folder);

  const check = `
    if (a.sign("ac23fa05005e59b92e0b8a19fa5faf07", "airudder") !== "4d6017151d678e816c678d90e56e6e28") throw new Error("sign");
    if (typeof a.airudder !== "function" || typeof j.openJournal !== "function" || typeof d.startDevproxy !== "function") throw new Error("exports");
    if (s["x-push"].type !== "call.completed") throw new Error("schema");
    const receiver = a.airudder({ key: "k" }).on("*", ({ type }) => console.log(type));
    receiver.fetch(new Request("http://a.test/", { method: "POST", body: '{"hello":1}', headers: { "content-type": "application/json" } }));
  `;
  const names = ["airudder-webhooks", "airudder-webhooks/journal", "airudder-devproxy"];
  const [a, j, d] = names;
  writeFileSync(
    join(folder, "esm.mjs"),
    `import * as a from "${a}"; import * as j from "${j}"; import * as d from "${d}"; import s from "airudder-webhooks/schemas/call.completed.json" with { type: "json" };${check}`,
  );
  writeFileSync(
    join(folder, "cjs.cjs"),
    `const a = require("${a}"), j = require("${j}"), d = require("${d}"), s = require("airudder-webhooks/schemas/call.completed.json");${check}`,
  );
  for (const file of ["esm.mjs", "cjs.cjs"]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, file)], {
      cwd: folder,
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
    assert.equal(stdout, "unknown\n");
  }

  writeFileSync(
    join(folder, "typed.ts"),
    `import { airudder, type Push } from "airudder-webhooks";
     airudder({ key: "k" }).on("call.completed", ({ payload }) => payload.Details[0]?.CallID.length);
     export const narrow = (push: Push) => push.type === "workflow.status" && push.payload.actions.length;`,
  );
  const flags = [
    "--noEmit",
    "--strict",
    "--module",
    "nodenext",
    "--target",
    "es2022",
    "--types",
    "node",
    "--typeRoots",
    join(root, "node_modules/@types"),
    "--ignoreConfig",
    "typed.ts",
  ];
  const tsc = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), ...flags], {
    cwd: folder,
    encoding: "utf8",
  });
  assert.equal(tsc.status, 0, tsc.stdout);

  const bin = spawnSync(
    process.execPath,
    [join(folder, "node_modules/airudder-devproxy/bin/airudder-devproxy.js"), "--help"],
    { cwd: folder, encoding: "utf8" },
  );
  assert.equal(bin.status, 0, bin.stderr);
  assert.match(bin.stdout, /Usage: airudder-devproxy/);
});
