import { doctor } from "./doctor.js";
import { drift } from "./drift.js";
import { listPushes } from "./list-pushes.js";
import { replayPush } from "./replay-push.js";
import { showPush } from "./show-push.js";
import type { Sources } from "./sources.js";
import type { Tool } from "./tool.js";
import { Turns } from "./turns.js";

/** The tools, in the order of `tools/list`. `replay_push` exists only with `allowReplay`. */
export function makeTools(sources: Sources, allowReplay: boolean): Tool[] {
  const turns = new Turns();
  return [
    listPushes(sources),
    showPush(sources),
    drift(sources),
    doctor(sources, turns, allowReplay),
    ...(allowReplay ? [replayPush(sources, turns)] : []),
  ];
}
