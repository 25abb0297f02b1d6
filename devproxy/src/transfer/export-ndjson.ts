import { formatLine } from "airudder-webhooks/journal";
import { escapeControls } from "../report/index.js";
import type { Exchange } from "./exchanges.js";
import type { ExportContext } from "./export.js";
import { exportedDelivery, exportedMark, exportedPush } from "./redaction.js";

/**
 * Exports pushes as lines of a journal: each push, followed by its deliveries and by its newest mark. With `--reveal`, the body has the
 * exact bytes.
 */
export async function* exportNdjson(
  exchanges: AsyncIterable<Exchange>,
  { redactor }: ExportContext,
): AsyncGenerator<string> {
  for await (const { row, content, deliveries } of exchanges) {
    const push = exportedPush(row.push, content, redactor);
    const records = [{ head: push.head, content: push.content }];
    const mark = row.mark === undefined ? [] : [{ head: exportedMark(row.mark, push, redactor) }];
    for (const record of [...records, ...deliveries.map((one) => exportedDelivery(one, push, redactor)), ...mark])
      yield `${escapeControls(formatLine(record))}\n`;
  }
}
