import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { transform } from "esbuild";
import { tsImport } from "tsx/esm/api";
import { apply, differences } from "../../scripts/generate/compare.js";
import { outputs } from "../../scripts/generate/outputs.js";
import { publishSchemas } from "../../scripts/generate/publish.js";
import { readmeWith } from "../../scripts/generate/readme.js";
import { stripErrors } from "../../scripts/generate/strip.js";
import { pushes, root, schemasDir, strictAjv } from "./pushes.js";

function generate(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ["--import", "tsx", "scripts/generate.ts", ...args], {
    cwd: root,
    encoding: "utf8",
  });
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "airudder-generate-"));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("all generated files are up to date", () => {
  const { status, stderr } = generate("--check");
  assert.equal(stderr, "");
  assert.equal(status, 0);
});

test("an unknown argument is rejected, with the usage", () => {
  const { status, stderr } = generate("--chekc");
  assert.equal(status, 2);
  assert.match(stderr, /Unknown argument: --chekc\nUsage: npm run generate/);
});

test("the same schemas give the same files", async () => {
  assert.deepEqual([...(await outputs(root))], [...(await outputs(root))]);
});

test("missing, stale and superfluous files are found, and fixed", () =>
  inFolder(async (folder) => {
    cpSync(schemasDir, join(folder, "schemas"), { recursive: true });
    rmSync(join(folder, "schemas/pages"), { recursive: true });
    const files = await outputs(folder);
    assert.deepEqual(
      differences(folder, files).map(({ path }) => path),
      [...files.keys()],
    );
    apply(folder, files, differences(folder, files));
    assert.deepEqual(differences(folder, files), []);

    writeFileSync(join(folder, "middleware/src/generated/types.ts"), "export {};\n");
    rmSync(join(folder, "schemas/pages/dialer.task.md"));
    writeFileSync(join(folder, "schemas/pages/old.md"), "");
    const changes = differences(folder, files);
    assert.deepEqual(changes, [
      { path: "middleware/src/generated/types.ts", state: "stale" },
      { path: "schemas/pages/dialer.task.md", state: "missing" },
      { path: "schemas/pages/old.md", state: "superfluous" },
    ]);
    apply(folder, files, changes);
    assert.deepEqual(differences(folder, files), []);
  }));

test("a new push needs only a schema and a sample", () =>
  inFolder(async (folder) => {
    cpSync(schemasDir, join(folder, "schemas"), { recursive: true });
    const schema = {
      $schema: "http://json-schema.org/draft-07/schema#",
      $id: "plan.ended",
      title: "PlanEnded",
      description: "A plan ended.",
      "x-provenance": "inferred",
      "x-source": "made up",
      "x-push": {
        type: "plan.ended",
        title: "Webhook of Plan",
        sign: "none",
        identify: [{ "/plan_id": "present", "/plan_state": "string" }],
        subject: ["/plan_id"],
        keys: {},
      },
      type: "object",
      required: ["plan_id"],
      "x-essential": ["plan_id"],
      properties: {
        plan_id: { type: "string", description: "Identifies the plan.", "x-personal": "id" },
        plan_state: { type: "string", description: "State of the plan.", "x-personal": false, enum: ["ended"] },
        tags: {
          type: "array",
          description: "Tags.",
          items: { type: "string", description: "A tag.", "x-personal": false, "x-known-values": ["vip"] },
        },
      },
      additionalProperties: false,
    };
    writeFileSync(join(folder, "schemas/push/plan.ended.json"), JSON.stringify(schema));
    mkdirSync(join(folder, "schemas/samples/plan.ended"));
    writeFileSync(join(folder, "schemas/samples/plan.ended/ended.json"), '{"plan_id":"p1","plan_state":"ended"}');
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    mkdirSync(join(folder, "middleware"), { recursive: true });
    writeFileSync(
      join(folder, "middleware/README.md"),
      "# Pushes\n<!-- generated:pushes -->\n<!-- /generated:pushes -->\n",
    );
    const files = await outputs(folder);
    apply(folder, files, differences(folder, files));

    const file = pathToFileURL(join(folder, "middleware/src/generated/catalogue.ts")).href;
    const { catalogue } = await tsImport(file, import.meta.url);
    const entry = catalogue.find(({ name }: { name: string }) => name === "plan.ended");
    assert.equal(entry.strict({ plan_id: "p1", plan_state: "ended" }), true);
    assert.equal(entry.strict({ plan_id: "p1", plan_state: "begun" }), false);
    assert.equal(entry.tolerant({ plan_id: "p1", plan_state: "begun", more: 1 }), true);
    assert.equal(entry.tolerant({ plan_state: "ended" }), false);
    assert.match(files.get("middleware/src/generated/types.ts") ?? "", /"plan\.ended": PlanEnded;/);
    assert.match(files.get("middleware/src/generated/types.ts") ?? "", /tags\?: \("vip" \| \(string & \{\}\)\)\[\];/);
    assert.match(files.get("schemas/pages/plan.ended.md") ?? "", /`plan_id` +\| string \| essential/);
    assert.match(files.get("middleware/README.md") ?? "", /\| `plan\.ended` +\| Webhook of Plan +\| inferred/);
    assert.match(
      files.get("schemas/pages/README.md") ?? "",
      /\[`plan\.ended`\]\(plan\.ended\.md\) +\| Webhook of Plan +\| inferred .*\(\.\.\/samples\/plan\.ended\/ended\.json\)/,
    );
  }));

test("a README changes only between its markers, and not at all without them", () => {
  assert.equal(readmeWith("# no markers\n", pushes), "# no markers\n");
  const readme = "before\n<!-- generated:pushes -->\nold\n<!-- /generated:pushes -->\nafter\n";
  const made = readmeWith(readme, pushes);
  assert.match(
    made,
    /^before\n<!-- generated:pushes -->\n\n\| Type +\|[\s\S]*\|\n\n<!-- \/generated:pushes -->\nafter\n$/,
  );
  assert.equal(readmeWith(made, pushes), made);
  assert.equal(made.includes("old"), false);
});

test("the validators import nothing, collect no errors, and are under 60 KB minified", async () => {
  const source = readFileSync(join(root, "middleware/src/generated/validators.js"), "utf8");
  assert.doesNotMatch(source, /\b(?:import|require|errors|instancePath)\b/);
  const { code } = await transform(source, { minify: true });
  assert.ok(Buffer.byteLength(code) < 60_000, `${Buffer.byteLength(code)} bytes`);
});

test("unexpected code of Ajv stops the generator", () => {
  assert.throws(
    () => stripErrors("function validate10(data){\nvErrors = [];\nreturn true;\n}\n"),
    /strip\.ts does not know .* "vErrors"/,
  );
  assert.throws(() => stripErrors('const f = require("ajv/dist/runtime/ucs2length");\n'), /"require"/);
});

test("published schemas need no other files", () =>
  inFolder(async (folder) => {
    publishSchemas(schemasDir, folder);
    for (const { name } of pushes) {
      const text = readFileSync(join(folder, `${name}.json`), "utf8");
      assert.equal(text.includes('"$ref"'), false);
      assert.equal(text.match(/"\$id"/g)?.length, 1);
      assert.equal(typeof strictAjv().compile(JSON.parse(text)), "function");
    }
  }));

const types = readFileSync(join(root, "middleware/src/generated/types.ts"), "utf8");

test("every field of every payload has a description in an editor", () => {
  const lines = types.slice(0, types.indexOf("export interface PushPayloads")).split("\n");
  const silent = lines.filter((line, i) => /^ +\w+\??: /.test(line) && !lines[i - 1]?.endsWith("*/"));
  assert.deepEqual(silent, []);
});

test("a union of values contains each once", () => {
  const unions = types.split("\n").flatMap((line) => / = (.*);$/.exec(line)?.[1]?.split(" | ") ?? []);
  assert.equal(unions.filter((value) => value === "null").length, 1);
});

test("only payloads of unknown shape have an index signature", () => {
  const open = types.split(/^export interface /m).filter((text) => /\[\w+: string\]/.test(text));
  assert.deepEqual(
    open.map((text) => text.slice(0, text.indexOf(" "))),
    ["CallCompletedInfoCheck", "WabaMessageStatus"],
  );
});
