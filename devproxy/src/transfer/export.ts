import type { Redactor } from "../privacy/index.js";

/** The formats of `export --as`. */
export const EXPORT_FORMATS = ["har", "curl", "ndjson", "test"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** What every format needs. */
export interface ExportContext {
  redactor: Redactor;
  /** URL of the app, for pushes that were not delivered. */
  target: URL;
  /** Version of the dev proxy. */
  version: string;
}
