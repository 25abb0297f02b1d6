import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { formatLine } from "airudder-webhooks/journal";
import { run, sha256 } from "../../helpers/devproxy.js";
import { programs } from "../../helpers/devproxy-programs.js";
import { makeFolder } from "../../helpers/folder.js";
import { pushHead } from "../../helpers/push-head.js";

function line(id: string, body: Buffer): string {
  const head = { ...pushHead(id), seq: 1, size: body.length, sha256: sha256(body) };
  return formatLine({ head, content: { headers: {}, body } });
}

/** Larger than the buffer of a pipe. */
const LINES = Array.from({ length: 300 }, (_, i) => line(`push-${i}`, Buffer.from(`{"i":"${"x".repeat(2_000)}"}`)));
const JSON_BODY = `{"a":"${"x".repeat(300_000)}"}`;

/** Ways to give a file to `import` through a pipe, as shell code. */
const pipes: Record<string, (file: string, cli: string) => string> = {
  "standard input as -": (file, cli) => `cat '${file}' | ${cli} -`,
  "a file as standard input": (file, cli) => `${cli} - < '${file}'`,
  "/dev/stdin": (file, cli) => `cat '${file}' | ${cli} /dev/stdin`,
  "a FIFO": (file, cli) => `mkfifo '${file}.fifo'; cat '${file}' > '${file}.fifo' & ${cli} '${file}.fifo'`,
  "process substitution": (file, cli) => `${cli} <(cat '${file}')`,
};

for (const [what, command] of Object.entries(pipes)) {
  test(`import reads all pushes from a pipe: ${what}`, { skip: process.platform === "win32" }, async (t) => {
    const { cli, exitWithParent } = programs();
    const folder = makeFolder(t);
    const temporary = join(folder, "tmp");
    mkdirSync(temporary);
    const contents = { ndjson: [`${LINES.join("\n")}\n`, 300], json: [JSON_BODY, 1] } as const;
    for (const [kind, [content, count]] of Object.entries(contents)) {
      const file = join(folder, `x.${kind}`);
      writeFileSync(file, content);
      const journal = join(folder, `journal-${kind}`);
      const program = `'${process.execPath}' --import '${exitWithParent}' '${cli}' import --journal '${journal}'`;
      const child = spawn("bash", ["-c", command(file, program)], {
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, TMPDIR: temporary },
      });
      let out = "";
      child.stdout.on("data", (chunk) => {
        out += chunk;
      });
      const [code] = await once(child, "close");
      assert.equal(code, 0);
      assert.match(out, new RegExp(`^imported ${count} push`));
      assert.deepEqual(readdirSync(temporary), []);
      if (kind === "json") assert.equal((await run(["show", "1", "--raw", "--journal", journal])).out, JSON_BODY);
    }
  });
}

test("a newer format in the middle of a file is rejected before anything is written", async (t) => {
  const folder = makeFolder(t);
  const file = join(folder, "x.ndjson");
  const newer = '{"version":99,"seq":1,"kind":"segment"}';
  const garbage = '{"kind":"segment"';
  writeFileSync(file, [...LINES.slice(0, 5), garbage, newer, ...LINES.slice(5)].join("\n"));
  const journal = join(folder, "journal");
  const { code, out, err } = await run(["import", file, "--journal", journal]);
  assert.deepEqual([code, out], [3, ""]);
  assert.match(err, /x\.ndjson was written in format 99; this version reads up to 1\. Update the package\.\n$/);
  assert.equal(existsSync(journal), false);
});
