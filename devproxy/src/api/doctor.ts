import { runChecks } from "../doctor/index.js";
import type { ApiRequest } from "./request.js";
import type { EndLine, FindingLine } from "./types.js";

/** `GET /doctor`. Sends the app two signed test pushes for a fictitious call. */
export async function runDoctor(request: ApiRequest): Promise<void> {
  const { store, redacting } = request.context;
  const { signal } = request.disconnected();
  await request.lines<FindingLine | EndLine>(async (print) => {
    for await (const finding of runChecks({ journal: store.dir })) {
      if (signal.aborted) return;
      print({ event: "check", ...finding, detail: redacting.text(finding.detail) });
    }
  });
}
