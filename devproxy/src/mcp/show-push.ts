import { type Row, rowOf } from "../journal/index.js";
import { Redactor } from "../privacy/index.js";
import { detailJson } from "../report/index.js";
import { inputSchema } from "./arguments.js";
import { boundedBody } from "./result.js";
import type { Sources } from "./sources.js";
import { READ_ONLY, type Tool } from "./tool.js";

/** Maximum length of a response's body, characters. */
const MAX_RESPONSE = 4_096;
/** Maximum number of deliveries: the newest are shown. */
const MAX_DELIVERIES = 10;

export function showPush(sources: Sources): Tool {
  return {
    name: "show_push",
    title: "Show a push",
    description:
      "Show one recorded push: headers, body, where it differs from its schema (drift), and each delivery to the app with response and error. Use it to find out why a push failed.",
    inputSchema: inputSchema(
      { id: { type: "string", description: "#12 or 12, or a long id or a prefix of it, from list_pushes" } },
      ["id"],
    ),
    annotations: READ_ONLY,
    async call({ id }) {
      const notes: string[] = [];
      const reader = await sources.snapshot((line) => notes.push(line));
      const row = rowOf(reader.index, String(id));
      const redactor = await Redactor.of(reader.dir, sources.reveal);
      const content = await reader.content(row.location);
      const key = await sources.signKey(reader.dir);
      const detail = await detailJson(reader, row, content, redactor, key);
      return { data: { ...boundedDetail(detail as Detail, row), notes } };
    },
  };
}

/** The parts of `show --json` that are bounded here. */
interface Detail {
  head: object;
  body: unknown;
  deliveries: { response?: { body: unknown } | null }[];
}

function boundedDetail({ head, body, deliveries, ...others }: Detail, { push: { seq } }: Row): object {
  const rest = `"airudder-devproxy show ${seq}" prints all of it`;
  const newest = deliveries.slice(-MAX_DELIVERIES);
  const leftOut = deliveries.length - newest.length;
  return {
    push: head,
    ...others,
    body: boundedBody(body, rest),
    deliveries: newest.map(({ response, ...delivery }) => ({
      ...delivery,
      response: response && { ...response, body: boundedBody(response.body, rest, MAX_RESPONSE) },
    })),
    ...(leftOut === 0 ? {} : { olderDeliveries: `${leftOut} left out: ${rest}` }),
  };
}
