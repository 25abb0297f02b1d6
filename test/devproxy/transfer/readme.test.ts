import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { run, sample, send, startProxy } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";

test("the commands of the README's guide to export and import run", async (t) => {
  const readme = readFileSync(new URL("../../../devproxy/README.md", import.meta.url), "utf8");
  const section = readme.split("## Export and import")[1] as string;
  const [, block = ""] = /```sh\n([\s\S]*?)```/.exec(section) ?? [];
  const folder = makeFolder(t);
  const { proxy, app } = await startProxy(t, { journal: join(folder, ".airudder") });
  app.reply = ({ headers }, response) => void response.writeHead(headers["x-fail"] ? 500 : 200).end("{}");
  for (let i = 1; i <= 12; i++)
    await send(proxy.localUrl, sample("call.completed/answered"), { headers: i === 1 ? { "x-fail": "1" } : {} });
  await proxy.close();
  for (const name of ["src", "test"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "src", "app.ts"), "");
  const commands = block.trim().split("\n");
  assert.equal(commands.length, 4);
  for (const command of commands) {
    const [npx, name, ...args] = command.split(" ").map((word) => word.replaceAll("'", ""));
    assert.deepEqual([npx, name], ["npx", "airudder-devproxy"]);
    const { code, err } = await run(args, { cwd: folder });
    assert.equal(code, 0, `${command}: ${err}`);
  }
  assert.deepEqual(
    readdirSync(folder).filter((file) => /\.(har|ndjson)$/.test(file)),
    ["failed.har", "pushes.ndjson"],
  );
  assert.deepEqual(readdirSync(join(folder, "test")), ["pushes.test.ts"]);
});
