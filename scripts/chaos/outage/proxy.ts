/** The dev proxy in its own process. */
import { type DevproxyOptions, startDevproxy } from "airudder-devproxy";
import { pendingRows } from "../../../devproxy/src/journal/status.js";
import { exposeFunctions } from "../../child-functions.js";

const proxy = await startDevproxy(JSON.parse(process.argv[2] ?? "{}") as DevproxyOptions);
exposeFunctions(proxy.localUrl, {
  waiting: () => pendingRows(proxy.store.index).length,
  /** The ids that the load gave its pushes, in the order of the records. */
  order: () => proxy.store.index.rows.map(({ push }) => push.url.split("id=")[1]),
});
