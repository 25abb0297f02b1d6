import { filterRows, type Row, rowsOf } from "../journal/index.js";
import {
  EXPORT_FORMATS,
  type ExportFormat,
  exchangesOf,
  exportCurl,
  exportHar,
  exportNdjson,
  exportTest,
  RUNNERS,
  type Runner,
} from "../transfer/index.js";
import { usage } from "./failure.js";
import type { ApiRequest } from "./request.js";

const FILES: Readonly<Record<ExportFormat, { name: string; type: string }>> = {
  har: { name: "pushes.har", type: "application/json" },
  ndjson: { name: "pushes.ndjson", type: "application/x-ndjson" },
  curl: { name: "pushes.sh", type: "text/x-shellscript; charset=utf-8" },
  test: { name: "pushes.test.ts", type: "text/plain; charset=utf-8" },
};

/** `GET /export` */
export async function exportPushes(request: ApiRequest): Promise<void> {
  const { context, filters, redactor } = request;
  const { store, target, version } = context;
  const as = request.required("as");
  const format = EXPORT_FORMATS.find((one) => one === as);
  if (format === undefined) throw usage(`as must be one of ${EXPORT_FORMATS.join(", ")}.`);
  const rows = await filterRows(store, selectedRows(request), filters);
  const exchanges = exchangesOf(store, rows);
  const exportContext = { redactor, target, version };
  const parts = {
    har: () => exportHar(exchanges, exportContext),
    ndjson: () => exportNdjson(exchanges, exportContext),
    curl: () => exportCurl(exchanges, exportContext),
    test: () => exportTest(exchanges, exportContext, testOptions(request)),
  }[format]();
  const { name, type } = FILES[format];
  await request.stream({ "content-type": type, "content-disposition": `attachment; filename="${name}"` }, parts);
}

/** The pushes in `ids`, a list such as `3..7,12`; all pushes without it. */
function selectedRows({ context: { store }, query }: ApiRequest): Row[] {
  const ids = query.get("ids");
  if (ids === null) return store.index.rows;
  const list = ids.split(",").map((id) => id.trim());
  return rowsOf(store.index, list).sort((a, b) => a.push.seq - b.push.seq);
}

function testOptions(request: ApiRequest) {
  const runner = request.query.get("runner") ?? "node";
  if (!(RUNNERS as readonly string[]).includes(runner)) throw usage(`runner must be one of ${RUNNERS.join(", ")}.`);
  const app = request.query.get("app") ?? "../src/app.js";
  return { app, runner: runner as Runner, onLeftOut: () => undefined };
}
