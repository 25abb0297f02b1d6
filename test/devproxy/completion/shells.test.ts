import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type TestContext, test } from "node:test";
import { sample, send, startProxy } from "../../helpers/devproxy.js";
import { programs } from "../../helpers/devproxy-programs.js";
import { makeFolder } from "../../helpers/folder.js";
import { serviceTest } from "../../helpers/service.js";
import { completionScript, type Shell } from "./internals.js";

/** A command line up to the cursor, and the words that the shell offers for its last word. */
const LINES: [line: string, expected: string[]][] = [
  ["airudder-devproxy li", ["listen", "list"]],
  ["airudder-devproxy list --stat", ["--status"]],
  ["airudder-devproxy listen --when-down ", ["hold", "ack", "fail"]],
  ["airudder-devproxy listen --tunnel cl", ["cloudflared"]],
  ["airudder-devproxy show 1", ["12", "11", "10", "1"]],
  ["airudder-devproxy replay --type dialer.task --set workf", ["workflow_id=", "workflow_name="]],
];

/** Lines whose candidates a shell writes in its own way. */
const OWN_LINES: Record<Shell, [line: string, expected: string[]][]> = {
  bash: [
    // Bash replaces only what follows the last separator.
    ["airudder-devproxy listen --when-down=", ["hold", "ack", "fail"]],
    ["airudder-devproxy listen --when-down=h", ["hold"]],
    ["airudder-devproxy replay --type=call.completed --set Details[0].HangupType=ByC", ["ByCallee"]],
    ["airudder-devproxy replay --type call.completed --set Details\\[0\\].AsrP", ["Details\\[0\\].AsrPTP="]],
    ['airudder-devproxy replay --type call.completed --set "Details[0].AsrP', ["Details[0].AsrPTP="]],
    ["airudder-devproxy show #12", ["\\#12"]],
    ["airudder-devproxy show \\#12", ["\\#12"]],
    ["airudder-devproxy show '#12", ["#12"]],
    ["true; airudder-devproxy li", ["listen", "list"]],
    ["airudder-devproxy show nothing", []],
  ],
  zsh: [
    ["airudder-devproxy listen --when-down=h", ["--when-down=hold"]],
    ["airudder-devproxy show \\#12", ["#12"]],
  ],
  fish: [
    ["airudder-devproxy listen --when-down=h", ["--when-down=hold"]],
    ["airudder-devproxy show '#12'", ["#12"]],
  ],
  powershell: [
    ["airudder-devproxy listen --when-down=h", ["--when-down=hold"]],
    ["airudder-devproxy show '#12'", ["'#12'"]],
  ],
};

const PROGRAMS: Record<Shell, { file: string; args: string[] }> = {
  bash: { file: "bash", args: ["--norc", "--noprofile"] },
  zsh: { file: "zsh", args: ["-f"] },
  fish: { file: "fish", args: ["--no-config"] },
  powershell: { file: "pwsh", args: ["-NoProfile", "-NonInteractive", "-File"] },
};

/** A separator between the candidates of two lines. */
const END = "== end ==";

/** A script that prints the candidates for each line, and END after each. */
const DRIVERS: Record<Shell, (script: string, lines: readonly string[]) => string> = {
  bash: (script, lines) => `source ${script}
compopt() { :; }
run() {
  COMP_LINE=$1 COMP_POINT=\${#1}; shift
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
  _airudder_devproxy
  printf '%s\\n' "\${COMPREPLY[@]}" "${END}"
}
${lines.map((line) => `run ${[line, ...bashWords(line)].map(quoted).join(" ")}`).join("\n")}
`,
  zsh: (script, lines) => `compdef() { :; }
source ${script}
compadd() { print -rl -- \${(P)@[-1]}; }
_files() { :; }
run() {
  words=("$@"); CURRENT=$#; PREFIX=$words[-1]
  _airudder_devproxy
  print -r -- "${END}"
}
${lines.map((line) => `run ${line.split(" ").map(quoted).join(" ")}`).join("\n")}
`,
  fish: (script, lines) =>
    `source ${script}\n${lines.map((line) => `complete -C ${fishQuoted(line)} | string replace -r '\\t.*' ''; echo '${END}'`).join("\n")}\n`,
  powershell: (script, lines) =>
    `. ${script}\n${lines
      .map((line) => {
        const text = line.replaceAll("'", "''");
        return `(TabExpansion2 -inputScript '${text}' -cursorColumn ${line.length}).CompletionMatches | ForEach-Object { $_.CompletionText }; '${END}'`;
      })
      .join("\n")}\n`,
};

/** The words as bash splits them: also before and after each `=`, `:` and `@`, outside of quotes. */
function bashWords(line: string): string[] {
  const command = line.slice(line.indexOf("airudder-devproxy"));
  return command
    .split(/ /)
    .flatMap((word) => (/^["']/.test(word) ? [word] : word === "" ? [""] : (word.match(/[=:@]+|[^=:@]+/g) ?? [])));
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** Puts the program into a folder for PATH. Returns the folder. */
function install(folder: string): string {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const file = join(bin, "airudder-devproxy");
  writeFileSync(file, `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(programs().cli)} "$@"\n`);
  chmodSync(file, 0o755);
  return bin;
}

async function makeProject(t: TestContext): Promise<string> {
  const folder = makeFolder(t);
  mkdirSync(join(folder, ".git"));
  const { proxy } = await startProxy(t, { journal: join(folder, ".airudder") });
  for (let n = 1; n <= 12; n++) await send(proxy.localUrl, sample("dialer.task/running"));
  await proxy.close();
  return folder;
}

/** A test that needs a shell. */
function shellTest(shell: Shell, name: string, run: (t: TestContext) => Promise<void>): void {
  if (process.platform === "win32") {
    test(name, { skip: "the shells of this test need a program that is a shell script" }, () => undefined);
    return;
  }
  const { file, args } = PROGRAMS[shell];
  const isPowershell = shell === "powershell";
  const check = spawnSync(file, isPowershell ? ["-NoProfile", "-Command", "exit 0"] : [...args, "-c", "exit 0"]);
  if (check.status === 0) test(name, run);
  // Debian has no package of PowerShell.
  else if (isPowershell) test(name, { skip: "no PowerShell" }, () => undefined);
  else serviceTest(`no ${shell}: install the package ${shell}`, name, run);
}

for (const [shell, { file, args }] of Object.entries(PROGRAMS) as [Shell, { file: string; args: string[] }][]) {
  shellTest(shell, `the ${shell} script completes command lines`, async (t) => {
    const folder = await makeProject(t);
    const bin = install(folder);
    const script = join(folder, shell === "powershell" ? "completion.ps1" : "completion");
    const driver = join(folder, shell === "powershell" ? "driver.ps1" : "driver");
    const cases = [...LINES, ...OWN_LINES[shell]];
    writeFileSync(script, completionScript(shell));
    writeFileSync(
      driver,
      DRIVERS[shell](
        script,
        cases.map(([line]) => line),
      ),
    );
    const { status, stdout, stderr } = spawnSync(file, [...args, driver], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, HOME: folder },
    });
    assert.equal(stderr, "");
    assert.equal(status, 0);
    const printed = stdout.split(`${END}\n`).slice(0, -1);
    assert.deepEqual(
      cases.map(([line], i) => [line, (printed[i] ?? "").split("\n").filter((one) => one !== "")]),
      cases,
    );
  });
}

shellTest("bash", "bash replaces the @ of a pin together with its name", async (t) => {
  const script = join(makeFolder(t), "completion");
  writeFileSync(script, completionScript("bash"));
  const line = "airudder-devproxy trigger @ans";
  const driver = `airudder-devproxy() { [[ "$*" == "complete -- trigger @ans" ]] && printf '@answered\\tpinned push\\n'; }
${DRIVERS.bash(script, [line])}`;
  const { stdout, stderr } = spawnSync("bash", [...PROGRAMS.bash.args, "-c", driver], { encoding: "utf8" });
  assert.deepEqual([stdout, stderr], [`@answered\n${END}\n`, ""]);
});
