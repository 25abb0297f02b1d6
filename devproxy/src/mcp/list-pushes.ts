import { Redactor } from "../privacy/index.js";
import { droppedLine, rowJson } from "../report/index.js";
import { inputSchema } from "./arguments.js";
import type { Sources } from "./sources.js";
import { FILTER_ARGUMENTS, filtersOf, READ_ONLY, type Tool } from "./tool.js";

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

export function listPushes(sources: Sources): Tool {
  return {
    name: "list_pushes",
    title: "List recorded pushes",
    description:
      'List the webhook pushes that the dev proxy recorded, newest first, with status, HTTP status and error. Use it first, for example with {"status":"failed","since":"1h"}. For older pushes, set `until` to the time of the last one. Then use show_push.',
    inputSchema: inputSchema({
      ...FILTER_ARGUMENTS,
      limit: {
        type: "integer",
        description: "maximum number of pushes: the newest that match",
        minimum: 1,
        maximum: MAX_LIMIT,
        default: DEFAULT_LIMIT,
      },
    }),
    annotations: READ_ONLY,
    async call(given) {
      const notes: string[] = [];
      const limit = (given.limit as number | undefined) ?? DEFAULT_LIMIT;
      const found = await sources.newestPushes(filtersOf(given), limit, (line) => notes.push(line));
      const { dir, reader, rows, matching = null, total } = found;
      const redactor = await Redactor.of(dir, sources.reveal);
      const pushes: object[] = [];
      for (const row of rows.toReversed()) pushes.push(await rowJson(reader, row, redactor));
      if (reader.dropped > 0) notes.push(droppedLine(reader.dropped));
      return { data: { pushes, shown: pushes.length, matching, total, notes } };
    },
  };
}
