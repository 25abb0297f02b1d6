/** The dev proxy in a process of its own. */
import { type DevproxyOptions, startDevproxy } from "airudder-devproxy";
import { waitingRows } from "../../../devproxy/src/journal/waiting-rows.js";
import { answerParent } from "../../answer-parent.js";

const proxy = await startDevproxy(JSON.parse(process.argv[2] ?? "{}") as DevproxyOptions);
answerParent(proxy.localUrl, {
  waiting: () => waitingRows(proxy.store.index).length,
  /** The ids that the load gave to its pushes, in the order in which they were recorded. */
  order: () => proxy.store.index.rows.map(({ push }) => push.url.split("id=")[1]),
});
