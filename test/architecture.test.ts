import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Each source file of a package with what it imports, relative to the package's src/. */
function importsOf(name: string): Map<string, string[]> {
  const src = join(root, name, "src");
  const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => /(?<!\.d)\.tsx?$/.test(file));
  const nameOf = (target: string) => {
    const source = target.replace(/\.js$/, ".ts");
    const component = source.replace(/\.ts$/, ".tsx");
    return existsSync(join(src, component)) ? component : source;
  };
  return new Map(
    files.map((file) => {
      const path = file.replaceAll("\\", "/");
      const text = readFileSync(join(src, file), "utf8");
      const imports = [...text.matchAll(/\b(?:from\s+|import\s*\(?\s*)"([^"]+)"/g)].map(
        ([, target]) => target as string,
      );
      return [
        path,
        imports.map((target) => (target.startsWith(".") ? nameOf(posix.join(dirname(path), target)) : target)),
      ];
    }),
  );
}

function folderOf(file: string): string {
  return file.includes("/") ? (file.split("/")[0] as string) : "";
}

/** The files of an import cycle, if there is one. */
function findCycle(imports: Map<string, string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, path: string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const target of imports.get(file) ?? []) {
      const cycle = visit(target, [...path, file]);
      if (cycle !== undefined) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const cycle = visit(file, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

for (const name of ["middleware", "devproxy"]) {
  test(`${name}: no circular imports`, () => assert.deepEqual(findCycle(importsOf(name)), undefined));
}

/** The folders and root files of each package, lowest first: each may import those before it. */
const ORDER: Record<string, string[]> = {
  middleware: [
    "errors.ts",
    "generated",
    "push",
    "journal",
    "payload",
    "observe",
    "work",
    "inbox",
    "postgres",
    "options.ts",
    "receiver",
    "http",
    "inspect",
    "airudder.ts",
    "testing",
    "bullmq",
    "index.ts",
  ],
  devproxy: [
    "errors.ts",
    "http",
    "events.ts",
    "config",
    "privacy",
    "journal",
    "tunnel",
    "delivery",
    "queue",
    "ingress",
    "replay",
    "campaign",
    "vendor",
    "client",
    "trigger",
    "drill",
    "report",
    "terminal",
    "transfer",
    "drift",
    "dead",
    "options.ts",
    "doctor",
    "api",
    "page",
    "devproxy.ts",
    "completion",
    "mcp",
    "commands",
    "cli.ts",
    "index.ts",
  ],
};

/** Each import of a package that crosses folders. */
function crossings(name: string): { file: string; target: string; from: string; to: string }[] {
  return [...importsOf(name)].flatMap(([file, targets]) =>
    targets
      .filter((target) => target.endsWith(".ts"))
      .map((target) => ({ file, target, from: folderOf(file) || file, to: folderOf(target) || target }))
      .filter(({ from, to }) => from !== to),
  );
}

for (const [name, order] of Object.entries(ORDER)) {
  test(`${name}: each folder imports only folders before it in ORDER`, () => {
    const wrong = crossings(name).filter(
      ({ from, to }) => order.includes(from) && (!order.includes(to) || order.indexOf(to) > order.indexOf(from)),
    );
    assert.deepEqual(wrong, []);
  });
}

for (const [name, order] of Object.entries(ORDER)) {
  test(`${name}: ORDER lists exactly the folders and root files that exist`, () => {
    const folders = new Set([...importsOf(name).keys()].map((file) => folderOf(file) || file));
    assert.deepEqual([...folders].sort(), [...order].sort());
  });
}

test("devproxy: a folder's index.ts is the only file that other folders import", () => {
  const wrong = crossings("devproxy").filter(({ target, to }) => to !== target && target !== `${to}/index.ts`);
  assert.deepEqual(wrong, []);
});

test("devproxy: the page imports only types from other folders", () => {
  const files = [...importsOf("devproxy").keys()].filter((file) => folderOf(file) === "page");
  const wrong = files.filter((file) =>
    /^import (?!type )[^;]*from "\.\.\//m.test(readFileSync(join(root, "devproxy/src", file), "utf8")),
  );
  assert.ok(files.length > 0);
  assert.deepEqual(wrong, []);
});

/** The optional peers of the middleware, each with the only folder that may import it. */
const PEERS: Record<string, string> = { bullmq: "bullmq" };

test("the middleware imports Node's own modules, and optional peers only in their entry point", () => {
  const foreign = [...importsOf("middleware")].flatMap(([file, targets]) =>
    targets.filter(
      (target) => !target.startsWith("node:") && !/\.[tj]s$/.test(target) && PEERS[target] !== folderOf(file),
    ),
  );
  assert.deepEqual(foreign, []);
});

test("no other folder of the middleware imports an entry point with optional peers", () => {
  const wrong = crossings("middleware").filter(({ to }) => Object.values(PEERS).includes(to));
  assert.deepEqual(wrong, []);
});

test("the dev proxy imports only the public entry points of the middleware", () => {
  const targets = [...importsOf("devproxy").values()].flat();
  assert.deepEqual(
    targets.filter(
      (target) =>
        target.startsWith("airudder-webhooks/") &&
        !["airudder-webhooks/inspect", "airudder-webhooks/journal", "airudder-webhooks/testing"].includes(target) &&
        !target.startsWith("airudder-webhooks/schemas/"),
    ),
    [],
  );
  assert.deepEqual(
    targets.filter((target) => target.startsWith("..")),
    [],
  );
});

/** The sources, tests and scripts that contain a pattern. */
function filesWith(pattern: RegExp): string[] {
  return ["middleware/src", "devproxy/src", "scripts", "test"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && !file.includes("node_modules"))
      .map((file) => `${folder}/${file.replaceAll("\\", "/")}`)
      .filter((file) => pattern.test(readFileSync(join(root, file), "utf8"))),
  );
}

test("the format of segment file names is defined in one file", () =>
  assert.deepEqual(filesWith(/\\d\{6,?\}|padStart\(6, "0"\)\}(\.|\$)/), ["middleware/src/journal/segments.ts"]));

test("the lines of a journal are parsed in one place", () =>
  assert.deepEqual(filesWith(/"base64" \? "base64" : "utf8"|\.from\(\w*\.?body, \w*\.?encoding/), [
    "middleware/src/journal/lines.ts",
  ]));
