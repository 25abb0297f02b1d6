import { DriftSummaryBuilder, publishedSchemas, pushesOfRows } from "../drift/index.js";
import { filterRows } from "../journal/index.js";
import { droppedLine } from "../report/index.js";
import { inputSchema } from "./arguments.js";
import type { Sources } from "./sources.js";
import { FILTER_ARGUMENTS, filtersOf, READ_ONLY, type Tool } from "./tool.js";

/** Maximum number of groups: the most frequent are shown. */
const MAX_GROUPS = 50;

export function drift(sources: Sources): Tool {
  return {
    name: "drift",
    title: "Summarize drift",
    description:
      "Summarize where recorded pushes differ from their documented schemas: missing, unknown or wrongly typed fields, and undocumented values, with counts. Replays and the test pushes of doctor are left out.",
    inputSchema: inputSchema(FILTER_ARGUMENTS),
    annotations: READ_ONLY,
    async call(given, { signal, onProgress }) {
      const notes: string[] = [];
      const filters = filtersOf(given);
      const reader = await sources.snapshot((line) => notes.push(line));
      const rows = await filterRows(reader, reader.index.rows, filters);
      const builder = new DriftSummaryBuilder({
        schemas: publishedSchemas(),
        reveal: sources.reveal,
        skipQuarantined: true,
      });
      for await (const pushes of pushesOfRows(reader, rows, (count) => onProgress(count, rows.length))) {
        signal.throwIfAborted();
        for (const push of pushes) builder.add(push);
      }
      const { groups, patches, ...counts } = builder.build();
      if (reader.dropped > 0) notes.push(droppedLine(reader.dropped));
      if (groups.length > MAX_GROUPS) notes.push(`${groups.length - MAX_GROUPS} rarer groups are left out.`);
      if (patches.length > 0) notes.push('"airudder-devproxy drift --json" prints schema patches.');
      return { data: { ...counts, groups: groups.slice(0, MAX_GROUPS), notes } };
    },
  };
}
