import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { SchemaSource } from "./schemas.js";

/** Returns the schemas that are part of `airudder-webhooks`: one file each, without references. */
export function publishedSchemas(): SchemaSource {
  const { resolve } = createRequire(import.meta.url);
  return {
    isPublished: true,
    fileOf: (name) => `airudder-webhooks/schemas/${name}.json`,
    read: (file) => readFileSync(resolve(file), "utf8"),
  };
}
