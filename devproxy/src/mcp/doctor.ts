import type { Finding } from "../doctor/index.js";
import { inputSchema } from "./arguments.js";
import type { Sources } from "./sources.js";
import { READ_ONLY, type Tool } from "./tool.js";
import type { Turns } from "./turns.js";

/**
 * @param turns the journal's checks wait for a replay in this process, which locks the journal
 * @param allowReplay whether the client may ask for test pushes
 */
export function doctor(sources: Sources, turns: Turns, allowReplay: boolean): Tool {
  const checks =
    "Check each step from the tunnel to the app: Node, journal, port, app, clock, tunnel. If no listen runs, it opens the tunnel for a few seconds.";
  const withTestPushes =
    " With `sendTestPushes`, it also sends the app two signed test pushes for a fictitious call, and checks key, token, handler and body parsers.";
  const withoutTestPushes = " It sends nothing to the app.";
  return {
    name: "doctor",
    title: "Check the set-up",
    description: checks + (allowReplay ? withTestPushes : withoutTestPushes),
    inputSchema: inputSchema(
      allowReplay
        ? {
            sendTestPushes: {
              type: "boolean",
              description: 'send the app two test pushes, which its handlers receive with push.replay "doctor"',
              default: false,
            },
          }
        : {},
    ),
    annotations: { ...READ_ONLY, readOnlyHint: !allowReplay, openWorldHint: true },
    call: ({ sendTestPushes = false }, { signal }) =>
      turns.run(signal, async () => {
        const checks: Finding[] = [];
        for await (const finding of sources.runChecks(allowReplay && sendTestPushes === true)) {
          signal.throwIfAborted();
          checks.push(finding);
        }
        const count = (result: Finding["result"]) => checks.filter((check) => check.result === result).length;
        const [failures, unclear] = [count("failed"), count("unclear")];
        return { data: { ok: failures + unclear === 0, failures, unclear, checks } };
      }),
  };
}
