import { FILTERS, type Row, rowsOf } from "../journal/index.js";
import type { ReplayEvent, ReplayRequest } from "../replay/index.js";
import { redactReplayEvent } from "../report/index.js";
import { ApiFailure, usage } from "./failure.js";
import { journalMoved } from "./journal-moved.js";
import { checkMembers, type Kind } from "./members.js";
import type { ApiRequest } from "./request.js";
import { restorePlaceholders } from "./restore.js";
import type { ReplayBody, ReplayLine } from "./types.js";

/** `POST /replays/UUID`. Stops when the client disconnects. */
export async function startReplay(request: ApiRequest): Promise<void> {
  const [id = ""] = request.ids;
  const { replays } = request.context;
  const stop = request.disconnected();
  // Before the body is read, so that it can be stopped from now on.
  replays.add(id, stop);
  try {
    await runReplay(request, id, stop.signal);
  } finally {
    replays.remove(id);
  }
}

async function runReplay(request: ApiRequest, id: string, signal: AbortSignal): Promise<void> {
  const { context, isFromPage, query } = request;
  const { hub, key, revealing, redacting } = context;
  const body = checkReplay(await request.json(), isFromPage);
  const progress: { total?: number; sent: number } = { sent: 0 };
  const reveal = request.reveal || body.reveal === true;
  // Commands send reveal=1 in the query, and redact the events themselves. Then `reveal` in the body applies only to the errors of handlers.
  const redactor = reveal ? revealing : redacting;
  const replay: ReplayRequest = { ...body, reveal: query.has("reveal") ? body.reveal : reveal };
  if (replay.agreedKey === undefined && key !== undefined) replay.agreedKey = key;
  if (body.body !== undefined) {
    replay.body = await restoredBody(request, body.body, body.ids?.[0] as string);
    replay.sign = body.sign ?? true;
  }
  hub.emit({ event: "replay", replay: id, state: "started" });
  try {
    await request.lines<ReplayLine>((print) =>
      context
        .replay(
          replay,
          (event: ReplayEvent) => {
            if (event.event === "replay") progress.total = event.total;
            else if (event.event === "verdict") progress.sent++;
            print(redactReplayEvent(event, redactor));
          },
          signal,
        )
        .then(async () => {
          // The files of the pushes are missing then, so the replay has skipped them.
          const moved = await journalMoved(context);
          if (moved !== undefined) throw moved;
        }),
    );
  } finally {
    hub.emit({ event: "replay", replay: id, state: "ended", ...progress });
  }
}

/** An edited body, with the recorded values in place of placeholders. */
async function restoredBody({ context }: ApiRequest, text: string, id: string): Promise<string> {
  const { store, redacting } = context;
  const rows = rowsOf(store.index, [id]);
  // The replay rejects an edited body for several pushes.
  if (rows.length !== 1) return text;
  const [row] = rows as [Row];
  return restorePlaceholders(text, row, await store.content(row.location), redacting);
}

const MEMBERS: Readonly<Record<keyof ReplayBody, Kind>> = {
  ids: "texts",
  last: "number",
  filters: "object",
  to: "text",
  speed: "speed",
  concurrency: "number",
  set: "edits",
  key: "text",
  agreedKey: "text",
  body: "text",
  sign: "flag",
  expect: "text",
  wait: "text",
  reveal: "flag",
};

const FILTER_MEMBERS: Readonly<Record<string, Kind>> = Object.fromEntries(
  Object.keys(FILTERS).map((name) => [name, "text"]),
);

/** @throws ApiFailure `target_not_allowed`, `usage` */
function checkReplay(given: Record<string, unknown>, isFromPage: boolean): ReplayBody {
  checkMembers(given, MEMBERS);
  const body = given as ReplayBody;
  const { to, body: edited, ids, filters = {} } = body;
  checkMembers(filters, FILTER_MEMBERS, "filters");
  // An empty text is in every body.
  if (filters.text === "") throw usage("filters.text is empty. Leave it out.");
  if (to !== undefined && isFromPage)
    throw new ApiFailure(403, "target_not_allowed", "A page can replay to the configured target only.");
  if (edited !== undefined && ids?.length !== 1) throw usage("An edited body needs exactly one id in ids.");
  return body;
}

/** `DELETE /replays/UUID`. A replay that has ended is not an error. One whose `POST` arrives later sends nothing. */
export async function stopReplay({ context, ids, response }: ApiRequest): Promise<void> {
  context.replays.stop(ids[0] as string);
  response.writeHead(204).end();
}
