import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "esbuild";
import { outputs } from "../../../scripts/generate/outputs.js";
import { publishSchemas } from "../../../scripts/generate/publish.js";
import { sample, send, startProxy } from "../../helpers/devproxy.js";
import { bundleOptions } from "../../helpers/devproxy-programs.js";
import { makeFolder } from "../../helpers/folder.js";
import { root, schemasDir } from "../../schemas/pushes.js";

/** Bundles the current sources of the dev proxy with the generated files of other schemas. */
async function cliWith(generated: ReadonlyMap<string, string>): Promise<string> {
  const source = (entry: string) => join(root, "middleware/src", entry, "index.ts");
  const options = bundleOptions();
  await build({
    ...options,
    entryPoints: { cli: join(root, "devproxy/src/cli.ts") },
    alias: {
      "airudder-webhooks/bullmq": source("bullmq"),
      "airudder-webhooks/inspect": source("inspect"),
      "airudder-webhooks/journal": source("journal"),
      "airudder-webhooks/postgres": source("postgres"),
      "airudder-webhooks/testing": source("testing"),
      "airudder-webhooks": source("."),
    },
    plugins: [
      {
        name: "generated",
        setup: (plugin) =>
          plugin.onLoad({ filter: /middleware[\\/]src[\\/]generated[\\/]/ }, ({ path }) => {
            const name = path.slice(root.length).replaceAll("\\", "/").replace(/^\//, "");
            return { contents: generated.get(name) as string, loader: path.endsWith(".ts") ? "ts" : "js" };
          }),
      },
    ],
  });
  return join(options.outdir, "cli.mjs");
}

test("a new field in a schema and a sample is redacted by its x-personal, without a change of the dev proxy", async (t) => {
  const folder = makeFolder(t);
  cpSync(schemasDir, join(folder, "schemas"), { recursive: true });
  const file = join(folder, "schemas/common/call-detail.json");
  const schema = JSON.parse(readFileSync(file, "utf8"));
  schema.properties.Nickname = { type: "string", description: "What friends call them.", "x-personal": "name" };
  schema.properties.Mood = { type: "string", description: "Mood.", "x-personal": false, enum: ["calm", "angry"] };
  writeFileSync(file, JSON.stringify(schema));
  const payload = JSON.parse(sample("call.completed/answered").toString());
  Object.assign(payload.Details[0], { Nickname: "Budi", Mood: "calm" });
  writeFileSync(join(folder, "schemas/samples/call.completed/nickname.json"), JSON.stringify(payload));
  const cli = await cliWith(await outputs(folder));
  publishSchemas(join(folder, "schemas"), join(folder, "published"));
  const published = readFileSync(join(folder, "published/call.completed.json"), "utf8");
  assert.equal(JSON.parse(published).properties.Details.items.properties.Nickname["x-personal"], "name");

  const { proxy, app, dir } = await startProxy(t);
  app.reply = ({ body }, response) => {
    const error = `TypeError: no such friend: ${JSON.parse(body.toString()).Details[0].Nickname}`;
    response.writeHead(500, { "airudder-outcome": JSON.stringify({ error }) }).end(JSON.stringify({ error }));
  };
  await send(proxy.localUrl, JSON.stringify(payload));
  payload.Details[0].Mood = "Budi";
  await send(proxy.localUrl, JSON.stringify(payload));
  await proxy.close();
  const printed = (...args: string[]) => {
    return new Promise<string>((resolve) => {
      execFile(process.execPath, [cli, ...args, "--journal", dir], (_, stdout, stderr) => resolve(stdout + stderr));
    });
  };
  const shown = await printed("show", "1");
  assert.match(shown, /"Nickname": "<name:\w{6}>",\n +"Mood": "calm"/);
  assert.match(shown, /TypeError: no such friend: <value:\w{6}>/);
  assert.match(await printed("show", "2"), /"Mood": "<text:\w{6}>"/);
  for (const args of [
    ["list"],
    ["list", "--json"],
    ["show", "1", "--json"],
    ["show", "2", "--json"],
    ["show", "2", "--curl"],
    ["drift"],
    ["drift", "--json"],
    ["replay", "1..2", "--dry-run", "--json", "--set", "Details[0].Mood=angry"],
    ["replay", "1..2"],
    ["replay", "1..2", "--json"],
  ]) {
    const text = await printed(...args);
    assert.ok(text.length > 20, text);
    assert.equal(text.includes("Budi"), false, `${args.join(" ")}: ${text}`);
  }
});
