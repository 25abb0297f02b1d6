import { DriftSummaryBuilder, driftEvents, publishedSchemas, pushesOfRows } from "../drift/index.js";
import { filterRows } from "../journal/index.js";
import type { ApiRequest } from "./request.js";

/** `GET /drift` */
export async function driftOfPushes({ context: { store }, filters, reveal }: ApiRequest): Promise<object[]> {
  const rows = await filterRows(store, store.index.rows, filters);
  const builder = new DriftSummaryBuilder({ schemas: publishedSchemas(), reveal, skipQuarantined: true });
  for await (const pushes of pushesOfRows(store, rows)) for (const push of pushes) builder.add(push);
  return driftEvents(builder.build());
}
