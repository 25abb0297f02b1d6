import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import type { TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { airudder } from "airudder-webhooks";
import type { Inbox } from "airudder-webhooks/inbox";
import { parseLine } from "airudder-webhooks/journal";
import { atEnd } from "../../helpers/at-end.js";
import { type Run, run } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { agentStatus, callCompleted, KEY, webRequest } from "../../helpers/push.js";
import { until } from "../../helpers/until.js";

/** The password in the URLs of the tests, as it is encoded there. */
export const PASSWORD = "s3cr%2Fet-pass";

/** Bodies that only an exact copy preserves. */
export const ODD_BODIES = [
  Buffer.from('{"a":1.0, "b":"\\u0041"}\r\n'),
  gzipSync('{"zipped":true}'),
  Buffer.from([0x7b, 0xff, 0x00, 0x0a, 0x27, 0x5c, 0x22, 0x7d]),
  Buffer.alloc(5_000_000, "x"),
  Buffer.alloc(0),
] as const;

/** A block of code of the guide, which the tests run. */
export function guideBlock(language: "sql" | "text"): string {
  const guide = readFileSync(new URL("../../../devproxy/README.md", import.meta.url), "utf8");
  return new RegExp(`\`\`\`${language}\\n([^\`]*)\`\`\``).exec(guide)?.[1] as string;
}

/** The bodies in an export as `ndjson`. */
export function bodiesOf(lines: string): (Buffer | undefined)[] {
  return lines
    .trim()
    .split("\n")
    .map((line) => parseLine(line)?.content?.body);
}

/** What `list` prints of the pushes of {@link fill}. */
export const LISTED =
  /#1 .*call\.completed +handled .*\n#2 .*call\.completed +dead .*\n +TypeError: .*\n#3 .*unknown +quarantined .*\n +Quarantined: .*\n#4 .*dialer\.agent +stored /;

/** Stores pushes in an inbox as an app does. Their statuses, in order: handled, dead, quarantined, and stored, for lack of a handler. */
export async function fill<Transaction>(t: TestContext, inbox: Inbox<Transaction>): Promise<void> {
  const receiver = airudder({ key: KEY, token: false, warnings: false, inbox });
  atEnd(t, () => receiver.close());
  let handled = 0;
  receiver.on("call.completed", ({ payload }) => {
    if (payload.TaskName === "broken") throw new TypeError(`cannot save ${payload.Details[0]?.CalleeName}`);
    handled++;
  });
  const good = callCompleted({ TaskName: "good" });
  const broken = callCompleted({ TaskName: "broken" });
  for (const push of [good, broken, { nobody: "knows" }, agentStatus()])
    assert.equal((await receiver.fetch(webRequest(push))).status, 200);
  await until(async () => handled === 1 && (await receiver.dead()).length === 2);
}

/** Runs a command that reads an inbox. Its temporary folder must be gone when it ends, and it must not print the password. */
export async function read(t: TestContext, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Run> {
  const temporary = makeFolder(t);
  const ran = await run(args, { env: { TMPDIR: temporary, TEMP: temporary, ...env } });
  assert.deepEqual(readdirSync(temporary), [], "the temporary folder");
  assert.doesNotMatch(ran.out + ran.err, /s3cr/, "the password");
  return ran;
}
