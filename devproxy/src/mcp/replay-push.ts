import { DevproxyError, usageError } from "../errors.js";
import { hasFilters, type Row } from "../journal/index.js";
import { Redactor } from "../privacy/index.js";
import { type ReplayEvent, type ReplayRequest, requestedRows } from "../replay/index.js";
import { pushCount, redactReplayEvent } from "../report/index.js";
import { type Arguments, inputSchema } from "./arguments.js";
import type { ToolOutput } from "./result.js";
import type { Snapshot, Sources } from "./sources.js";
import { type CallContext, FILTER_ARGUMENTS, filtersOf, type Tool } from "./tool.js";
import type { Turns } from "./turns.js";

/** Maximum number of pushes of one call. */
const MAX_PUSHES = 50;
const MAX_IDS = 200;

/** @param turns only one replay runs at a time, because it locks the journal */
export function replayPush(sources: Sources, turns: Turns): Tool {
  return {
    name: "replay_push",
    title: "Replay pushes",
    description: `Send recorded pushes to the app of this project again, unedited, and compare each result with the previous one. Verdicts: fixed, same, regressed, still failing, new, and others. Give ids or filters that match at most ${MAX_PUSHES} pushes, or a limit. The app's handlers run, so use it only when the user wants that, for example to check a fix.`,
    inputSchema: inputSchema({
      ids: {
        type: "array",
        description: "#12 or 12, long ids or prefixes of them, or ranges such as 3..7",
        items: { type: "string" },
        minItems: 1,
        maxItems: MAX_IDS,
      },
      ...FILTER_ARGUMENTS,
      limit: {
        type: "integer",
        description: "only the newest pushes that match, at most this number",
        minimum: 1,
        maximum: MAX_PUSHES,
      },
    }),
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
    call: (given, context) => turns.run(context.signal, () => replayPushes(sources, given, context)),
  };
}

async function replayPushes(sources: Sources, given: Arguments, context: CallContext): Promise<ToolOutput> {
  const filters = filtersOf(given);
  const { ids, limit: last } = given as { ids?: string[]; limit?: number };
  if (ids === undefined && last === undefined && !hasFilters(filters))
    throw usageError("Select the pushes to replay: ids, limit, or filters such as status and since.");
  const notes: string[] = [];
  const onNote = (line: string) => notes.push(line);
  const reader = await sources.snapshot(onNote);
  const rows = await requestedRows(reader, { ids, last, filters });
  if (rows.length > MAX_PUSHES) {
    const advice = `One call replays at most ${MAX_PUSHES}. Set limit, or narrow the filters.`;
    throw usageError(`${pushCount(rows.length)} match. ${advice}`);
  }
  if (rows.length === 0)
    return { data: { total: 0, verdicts: [], notes: ["No recorded push matches: nothing was sent."] } };
  // The ids limit the replay to these pushes. The filters leave out those that the queue has delivered meanwhile.
  const request = { ids: rows.map(({ push }) => `#${push.seq}`), filters, reveal: sources.reveal };
  return runReplay(sources, { reader, rows, request, notes }, context);
}

/** The pushes to replay. */
interface Selection {
  reader: Snapshot;
  rows: readonly Row[];
  request: ReplayRequest;
  notes: string[];
}

async function runReplay(
  sources: Sources,
  { reader, rows, request, notes }: Selection,
  { signal, onProgress }: CallContext,
): Promise<ToolOutput> {
  const redactor = await Redactor.of(reader.dir, sources.reveal);
  let start: object = { total: rows.length };
  let summary: object | undefined;
  const verdicts: object[] = [];
  const onEvent = (event: ReplayEvent) => {
    if (event.event === "note") return notes.push(redactor.text(event.message));
    const { event: kind, ...json } = redactReplayEvent(event, redactor) as { event: string };
    if (kind === "replay") start = json;
    else if (kind === "summary") summary = json;
    else {
      verdicts.push(json);
      onProgress(verdicts.length, rows.length);
    }
  };
  try {
    await sources.replay(request, onEvent, signal, (line) => notes.push(line));
  } catch (error) {
    // Some pushes may have been sent already.
    if (verdicts.length === 0 || !(error instanceof DevproxyError)) throw error;
    return {
      data: { ...start, verdicts, notes },
      error: `${error.message} ${pushCount(verdicts.length)} of ${rows.length} replayed.`,
    };
  }
  return { data: { ...start, verdicts, summary, notes } };
}
