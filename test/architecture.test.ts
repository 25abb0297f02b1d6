import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Each source file of a package with what it imports, relative to the package's src/. */
function importsOf(name: string): Map<string, string[]> {
  const src = join(root, name, "src");
  const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => /(?<!\.d)\.ts$/.test(file));
  return new Map(
    files.map((file) => {
      const path = file.replaceAll("\\", "/");
      const text = readFileSync(join(src, file), "utf8");
      const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, target]) => target as string);
      return [
        path,
        imports.map((target) =>
          target.startsWith(".") ? posix.join(dirname(path), target).replace(/\.js$/, ".ts") : target,
        ),
      ];
    }),
  );
}

function roomOf(file: string): string {
  return file.includes("/") ? (file.split("/")[0] as string) : "";
}

/** The files of a circle, if there is one. */
function findCircle(imports: Map<string, string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, path: string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const target of imports.get(file) ?? []) {
      const circle = visit(target, [...path, file]);
      if (circle !== undefined) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const circle = visit(file, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

for (const name of ["middleware", "devproxy"]) {
  test(`${name}: no file imports itself by way of others`, () =>
    assert.deepEqual(findCircle(importsOf(name)), undefined));
}

/** What a room may import: a push walks one way. */
const ALLOWED: Record<string, string[]> = {
  generated: [],
  journal: [],
  push: ["generated"],
  payload: ["generated", "push"],
  work: ["generated", "push"],
};
for (const [room, allowed] of Object.entries(ALLOWED)) {
  test(`middleware: ${room}/ imports nothing but ${["itself", ...allowed].join(", ")} and errors`, () => {
    const wrong = [...importsOf("middleware")]
      .filter(([file]) => roomOf(file) === room)
      .flatMap(([file, targets]) =>
        targets.filter((target) => target.endsWith(".ts")).map((target) => ({ file, target })),
      )
      .filter(({ target }) => roomOf(target) !== room && !allowed.includes(roomOf(target)) && target !== "errors.ts");
    assert.deepEqual(wrong, []);
  });
}

test("the middleware imports Node's own modules and nothing else", () => {
  const foreign = [...importsOf("middleware").values()]
    .flat()
    .filter((target) => !target.startsWith("node:") && !/\.[tj]s$/.test(target));
  assert.deepEqual(foreign, []);
});

test("the dev proxy uses the public entry points of the middleware alone", () => {
  const targets = [...importsOf("devproxy").values()].flat();
  assert.deepEqual(
    targets.filter(
      (target) =>
        target.startsWith("airudder-webhooks/") &&
        !["airudder-webhooks/journal", "airudder-webhooks/testing"].includes(target) &&
        !target.startsWith("airudder-webhooks/schemas/"),
    ),
    [],
  );
  assert.deepEqual(
    targets.filter((target) => target.startsWith("..")),
    [],
  );
});
