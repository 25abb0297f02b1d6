import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { build } from "esbuild";
import { publint } from "publint";
import { ConsumerProject, root, runNpm } from "../helpers/consumer.js";

let project: ConsumerProject;

before(() => {
  runNpm(["run", "build"], root);
  project = new ConsumerProject();
});
after(() => project?.remove());

const ENTRY_POINTS = Object.entries(
  JSON.parse(readFileSync(join(root, "middleware/package.json"), "utf8")).exports as Record<string, unknown>,
).flatMap(([subpath, target]) => (typeof target === "object" ? [subpath.replace(".", "airudder-webhooks")] : []));

test("airudder-webhooks has no dependencies; its peers are optional", () => {
  const { dependencies, peerDependencies, peerDependenciesMeta, optionalDependencies } = JSON.parse(
    readFileSync(join(root, "middleware/package.json"), "utf8"),
  );
  assert.deepEqual([dependencies, optionalDependencies], [undefined, undefined]);
  for (const peer of Object.keys(peerDependencies))
    assert.deepEqual(peerDependenciesMeta[peer], { optional: true }, peer);
});

test("package-lock.json has every optional package of every platform, as npm ci requires", () => {
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

for (const name of ["middleware", "devproxy"] as const) {
  test(`${name}: the packed package contains the build, its licence and its own README, and no source`, () => {
    const { paths } = project.tarballs[name];
    assert.ok(
      paths.includes("LICENSE") && paths.includes("README.md") && paths.includes("dist/index.d.ts"),
      paths.join(),
    );
    assert.ok(!paths.some((path) => path.startsWith("src/") || path.includes("test/")), paths.join());
    const readme = readFileSync(join(root, name, "README.md"), "utf8");
    const { name: packageName } = JSON.parse(readFileSync(join(root, name, "package.json"), "utf8"));
    assert.ok(readme.startsWith(`# ${packageName}\n`) && readme.includes("## Install"), readme.slice(0, 200));
    const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]*)[^)]*\)/g)].map(([, link]) => link as string);
    assert.deepEqual(
      links.filter((link) => !paths.includes(link)),
      [],
      "a link to a file that is not in the package",
    );
  });
}

test("both packages, installed from their tarballs, run with import and with require", () => {
  const check = `
    if (a.sign("ac23fa05005e59b92e0b8a19fa5faf07", "airudder") !== "4d6017151d678e816c678d90e56e6e28") throw new Error("sign");
    if (typeof a.airudder !== "function" || typeof j.openJournal !== "function" || typeof d.startDevproxy !== "function" || typeof i.describePush !== "function") throw new Error("exports");
    if (s["x-push"].type !== "call.completed") throw new Error("schema");
    const receiver = a.airudder({ key: "k" }).on("*", ({ type }) => console.log(type));
    receiver.fetch(new Request("http://a.test/", { method: "POST", body: '{"hello":1}', headers: { "content-type": "application/json" } }));
  `;
  const names = ["airudder-webhooks", "airudder-webhooks/journal", "airudder-devproxy", "airudder-webhooks/inspect"];
  const [a, j, d, i] = names;
  const files = [
    project.write(
      "esm.mjs",
      `import * as a from "${a}"; import * as j from "${j}"; import * as d from "${d}"; import * as i from "${i}"; import s from "airudder-webhooks/schemas/call.completed.json" with { type: "json" };${check}`,
    ),
    project.write(
      "cjs.cjs",
      `const a = require("${a}"), j = require("${j}"), d = require("${d}"), i = require("${i}"), s = require("airudder-webhooks/schemas/call.completed.json");${check}`,
    ),
  ];
  for (const file of files) {
    const { status, stdout, stderr } = project.run(file);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, "unknown\n");
  }
});

test("import and require give the same functions, from every entry point", () => {
  const file = project.write(
    "same.mjs",
    `import { createRequire } from "node:module";
     const require = createRequire(import.meta.url);
     for (const name of process.argv.slice(2)) {
       const { default: _, ...imported } = await import(name);
       const required = require(name);
       const wrong = new Set([...Object.keys(imported), ...Object.keys(required)]);
       for (const key of wrong) if (imported[key] === required[key]) wrong.delete(key);
       console.log(name, Object.keys(required).length > 0, [...wrong]);
     }`,
  );
  const { status, stdout, stderr } = project.run(file, ...ENTRY_POINTS);
  assert.equal(status, 0, stderr);
  assert.ok(ENTRY_POINTS.length >= 3);
  assert.equal(stdout, ENTRY_POINTS.map((name) => `${name} true []\n`).join(""));
});

test("a process that imports and requires has one AirudderError, one set of warnings and one set of journal locks", () => {
  const file = project.write(
    "state.mjs",
    `import { airudder, AirudderError } from "airudder-webhooks";
     import { openJournal } from "airudder-webhooks/journal";
     import { createRequire } from "node:module";
     const require = createRequire(import.meta.url);
     const required = require("airudder-webhooks");
     const warnings = [];
     process.on("warning", ({ code }) => warnings.push(code));
     airudder();
     required.airudder();
     try {
       required.airudder({ maxBodyBytes: -1 });
     } catch (error) {
       console.log(error instanceof AirudderError, error.code);
     }
     const journal = await openJournal("state-journal");
     await require("airudder-webhooks/journal").openJournal("state-journal").catch(({ code }) => console.log(code));
     await journal.close();
     console.log(warnings.filter((code) => code === "AIRUDDER_DEFAULT_KEY").length);`,
  );
  const { status, stdout, stderr } = project.run(file);
  assert.equal(status, 0, stderr);
  assert.equal(stdout, "true invalid_option\njournal_locked\n1\n");
});

for (const format of ["esm", "cjs"] as const) {
  test(`bundled by esbuild as ${format}, the middleware runs, and unused code is left out`, async () => {
    const entry = project.write(
      "bundled.ts",
      'import { sign } from "airudder-webhooks"; console.log(sign("ac23fa05005e59b92e0b8a19fa5faf07", "airudder"));',
    );
    const outfile = join(project.folder, format === "esm" ? "bundle.mjs" : "bundle.cjs");
    await build({ entryPoints: [entry], bundle: true, platform: "node", format, outfile, logLevel: "error" });
    const { status, stdout, stderr } = project.run(outfile);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, "4d6017151d678e816c678d90e56e6e28\n");
    assert.ok(!readFileSync(outfile, "utf8").includes("AIRUDDER_DEFAULT_KEY"), "the bundle holds the whole package");
  });
}

const TYPED = `
  import { airudder, AirudderError, type Push } from "airudder-webhooks";
  import { describePush, type PushDescription } from "airudder-webhooks/inspect";
  import { Journal, openJournal } from "airudder-webhooks/journal";
  import { samplePush } from "airudder-webhooks/testing";
  airudder({ key: "k" }).on("call.completed", ({ payload }) => payload.Details[0]?.CallID.length);
  export const narrow = (push: Push) => push.type === "workflow.status" && push.payload.actions.length;
  export const code = (error: AirudderError): string => error.code;
  export const described: PushDescription = describePush(Buffer.from("{}"));
  export const opened: Promise<Journal> = openJournal("folder");
  export const isTyped: 0 extends 1 & typeof samplePush ? false : true = true;
`;

/** `module` and `moduleResolution`, as TypeScript 5 pairs them. */
const RESOLUTIONS = [
  ["commonjs", "node10"],
  ["node16", "node16"],
  ["nodenext", "nodenext"],
  ["esnext", "bundler"],
] as const;

for (const [module, resolution] of RESOLUTIONS) {
  test(`TypeScript 5 with moduleResolution ${resolution} finds all types, in ES module and CommonJS files`, () => {
    const files = ["typed.mts", "typed.cts"].map((name) => project.write(name, TYPED));
    const flags = ["--target", "es2022", "--module", module, "--moduleResolution", resolution];
    const { status, stdout } = project.compile(files, flags);
    assert.equal(status, 0, stdout);
  });
}

test("TypeScript 7 finds all types, those of the dev proxy too", () => {
  const file = project.write(
    "typed.ts",
    `${TYPED}
     import { startDevproxy } from "airudder-devproxy";
     export const isToo: 0 extends 1 & typeof startDevproxy ? false : true = true;`,
  );
  const flags = ["--target", "es2022", "--module", "nodenext", "--ignoreConfig"];
  const { status, stdout } = project.compile([file], flags, join(root, "node_modules/typescript"));
  assert.equal(status, 0, stdout);
});

test("a subpath has its types with moduleResolution node10, which knows no exports", () => {
  const { typesVersions, exports } = JSON.parse(readFileSync(join(root, "middleware/package.json"), "utf8"));
  for (const name of ENTRY_POINTS.slice(1)) {
    const subpath = name.replace("airudder-webhooks/", "");
    assert.deepEqual(typesVersions["*"][subpath], [exports[`./${subpath}`].require.types]);
  }
});

const JEST_TEST = `
  test("a push is handled", async () => {
    const payload = samplePush("call.completed", {}, { key: "k" });
    const handled = [];
    const receiver = airudder({ key: "k" }).on("call.completed", (push) => { handled.push(push.payload); });
    const request = new Request("http://a.test/", { method: "POST", body: JSON.stringify(payload), headers: { "content-type": "application/json" } });
    expect((await receiver.fetch(request)).status).toBe(200);
    expect(handled).toEqual([payload]);
  });
`;

test("Jest runs CommonJS tests with its default configuration", () => {
  const file = project.write(
    "plain.test.js",
    `const { airudder } = require("airudder-webhooks"); const { samplePush } = require("airudder-webhooks/testing");
     require("airudder-webhooks/journal");${JEST_TEST}`,
  );
  const { status, stderr } = project.jest(file);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /1 passed, 1 total/);
});

test("ts-jest runs TypeScript tests with its default configuration", () => {
  const file = project.write(
    "typed.test.ts",
    `import { airudder } from "airudder-webhooks"; import { samplePush } from "airudder-webhooks/testing";
     import "airudder-webhooks/journal";${JEST_TEST.replace("const handled =", "const handled: unknown[] =")}`,
  );
  const { status, stderr } = project.jest(file, { preset: "ts-jest" });
  assert.equal(status, 0, stderr);
  assert.match(stderr, /1 passed, 1 total/);
});

test("arethetypeswrong finds nothing, except that the dev proxy is an ES module only", async () => {
  const problems = async (name: "middleware" | "devproxy"): Promise<string[]> => {
    const data = new Uint8Array(readFileSync(project.tarballs[name].file));
    const result = await checkPackage(createPackageFromTarballData(data));
    return result.types ? result.problems.map(({ kind }) => kind) : ["no types"];
  };
  assert.deepEqual(await problems("middleware"), []);
  assert.deepEqual(await problems("devproxy"), ["CJSResolvesToESM"]);
});

test("the installed dev proxy shows its help", () => {
  const bin = project.run(join(project.folder, "node_modules/airudder-devproxy/bin/airudder-devproxy.js"), "--help");
  assert.equal(bin.status, 0, bin.stderr);
  assert.match(bin.stdout, /Usage: airudder-devproxy/);
});

test("the installed dev proxy forwards a push, and prints nothing on standard error", async (t) => {
  const bodies: string[] = [];
  const app = createServer(async (request, response) => {
    bodies.push(Buffer.concat(await request.toArray()).toString());
    response.end("{}");
  }).listen(0, "127.0.0.1");
  await once(app, "listening");
  t.after(() => app.close());
  const { port } = app.address() as AddressInfo;
  const bin = join(project.folder, "node_modules/airudder-devproxy/bin/airudder-devproxy.js");
  const args = ["listen", "--target", `http://127.0.0.1:${port}/`, "--tunnel", "none", "--json"];
  const child = spawn(process.execPath, [bin, ...args], { cwd: project.folder, stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  for await (const line of createInterface(child.stdout)) {
    const { event, local, status } = JSON.parse(line);
    if (event === "ready") {
      void fetch(local, { method: "POST", body: '{"a":1}', headers: { "content-type": "application/json" } });
    }
    if (event !== "delivery") continue;
    assert.equal(status, 200);
    break;
  }
  child.kill("SIGTERM");
  await once(child, "close");
  assert.deepEqual([bodies, errors], [['{"a":1}'], ""]);
});
