import type { ExportFormatName, FilterQuery } from "../api/index.js";
import { queryText } from "./client.js";
import type { PageContext } from "./context.js";

const EXTENSIONS: Record<ExportFormatName, string> = { har: ".har", curl: ".sh", ndjson: ".ndjson", test: ".test.ts" };

/** Downloads an export. It is redacted unless the page is revealed. @param name name of the file, without extension */
export async function download(
  { client, reveal, notify }: PageContext,
  query: FilterQuery & { as: ExportFormatName; ids?: string },
  name: string,
): Promise<void> {
  try {
    const blob = await client.blob(`/export${queryText({ ...query, ...(reveal ? { reveal: true } : {}) })}`);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${name}${EXTENSIONS[query.as]}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    notify(reveal ? `Saved ${link.download}.` : `Saved ${link.download}, redacted.`);
  } catch (error) {
    notify(`The export failed: ${(error as Error).message}`, true);
  }
}
