import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { openSnapshot } from "../../../devproxy/src/journal/index.js";
import { Redactor } from "../../../devproxy/src/privacy/index.js";
import { curlLines, detailJson, detailLines, Screen } from "../../../devproxy/src/report/index.js";
import { ListenProcess, run, send, startRun, until } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { echo, leaks, plantedHeaders, plantedPushes } from "../../helpers/planted.js";
import { RecorderApp } from "../../helpers/recorder-app.js";

/** What a function prints on a Screen. */
async function printed(print: (out: Screen) => void | Promise<void>): Promise<string> {
  let text = "";
  const stream = Object.assign(Object.create(process.stdout), {
    write: (data: string | Buffer) => (text += data),
    on: () => stream,
    isTTY: false,
  });
  await print(new Screen(stream));
  return text;
}

function textOf({ out, err }: { out: string; err: string }): string {
  return out + err;
}

async function record(t: TestContext, app: RecorderApp, dir: string): Promise<string> {
  const listening = await ListenProcess.start(t, ["--target", app.url, "--journal", dir]);
  for (const { body } of plantedPushes)
    await send(`${listening.localUrl}?name=Budiplantd&phone=0867-5309-0008`, body, { headers: plantedHeaders });
  const deliveries = () => listening.events.filter(({ event }) => event === "delivery").length;
  await until(() => deliveries() >= plantedPushes.length);
  await listening.stop();
  return JSON.stringify(listening.events) + listening.err;
}

test("no value planted in pushes, headers, keys, responses and errors is printed without --reveal", async (t) => {
  const app = await new RecorderApp().start();
  t.after(() => app.stop());
  let count = 0;
  app.reply = (request, response) => echo(request, response, count++);
  const dir = makeFolder(t);
  const outputs = new Map<string, string>([["listen --json", await record(t, app, dir)]]);
  const values = plantedPushes.flatMap((one) => one.values);
  assert.ok(values.length > 400, `${values.length} values`);

  const listening = startRun(["listen", "--tunnel", "none", "--target", app.url, "--journal", dir]);
  let live = "";
  listening.child.stdout?.on("data", (chunk) => {
    live += chunk;
  });
  await until(() => /local\s+(http:\S+)/.test(live) && live.includes("journal"));
  const url = /local\s+(http:\S+)/.exec(live)?.[1] as string;
  for (const { body } of plantedPushes.slice(0, 30)) await send(url, body, { headers: plantedHeaders });
  await until(() => live.match(/^\S+ +#\d/gm)?.length === 30);
  listening.child.kill("SIGTERM");
  const { out, err } = await listening.ended;
  outputs.set("listen", out + err);

  const at = ["--journal", dir];
  for (const args of [
    ["list", "--last", "1000"],
    ["list", "--json"],
    ["drift"],
    ["drift", "--json"],
    ["replay", "--dry-run", "--last", "1000"],
    ["replay", "--dry-run", "--json", "--last", "1000"],
    ["replay", "--dry-run", "1..13", "--set", "nodetask_name=Plantd", "--set", "Brand=0867-5309-0009"],
    ["replay", "--dry-run", "--json", "1..13", "--set", "nodetask_name=Plantd", "--set", "Brand=0867-5309-0009"],
    ["replay", "1..40", "--to", `${app.url}?name=plantd`],
    ["replay", "1..40", "--json"],
  ])
    outputs.set(args.join(" "), textOf(await run([...args, ...at])));
  const doctor = ["doctor", "--tunnel", "none", "--target", app.url, ...at];
  outputs.set("doctor", textOf(await run(doctor)));
  outputs.set("doctor --json", textOf(await run([...doctor, "--json"])));
  const reader = await openSnapshot(dir, {});
  const closed = await Redactor.of(dir, false);
  const open = await Redactor.of(dir, true);
  const place = { target: new URL(`${app.url}?name=plantd`), journal: dir };
  for (const [i, row] of reader.index.rows.entries()) {
    const content = await reader.content(row.location);
    const json = await printed(async (out) => out.json(await detailJson(reader, row, content, closed)));
    outputs.set(`show ${i + 1} --json`, json);
    const lines = printed(async (out) => {
      for (const line of await detailLines(reader, row, content, closed, out)) out.line(line);
    });
    outputs.set(`show ${i + 1}`, await lines);
    outputs.set(`show ${i + 1} --curl`, curlLines(row, content, closed, place).join("\n"));
    // The values were recorded at all.
    const revealed = await printed(async (out) => out.json(await detailJson(reader, row, content, open)));
    for (const value of plantedPushes[i]?.values ?? []) assert.ok(revealed.includes(String(value)), String(value));
  }
  const found = [...outputs].flatMap(([name, text]) => {
    // Output may repeat the user's input.
    const leaked = leaks(text.replaceAll("nodetask_name=Plantd", ""));
    return leaked.length === 0 ? [] : [`${name}: ${leaked.length}: ${leaked.slice(0, 3).join(" | ")}`];
  });
  assert.deepEqual(found.slice(0, 20), []);
  for (const [name, text] of outputs) assert.ok(text.length > 20, `${name}: ${text}`);
});
