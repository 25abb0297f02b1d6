import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { readConfig } from "../config/config.js";

const FIRST_BYTES = 4096;

/**
 * What placeholders are made with in a journal: the secret of its config. An app's inbox has none; there it is its first record, which
 * stays as it is and is shown nowhere as a whole. Nothing for a folder that holds neither.
 */
export async function secretOf(dir: string): Promise<string | undefined> {
  const config = await readConfig(dir).catch(() => undefined);
  return config?.secret ?? (await firstRecord(dir).catch(() => undefined));
}

async function firstRecord(dir: string): Promise<string | undefined> {
  const [first] = (await readdir(dir)).filter((name) => /^\d{6,}\.ndjson$/.test(name)).sort();
  if (first === undefined) return undefined;
  const file = await open(join(dir, first));
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(FIRST_BYTES), 0, FIRST_BYTES, 0);
    // The segment's own line, and that of its first record.
    return buffer.toString("latin1", 0, bytesRead).split("\n").slice(0, 2).join("\n");
  } finally {
    await file.close();
  }
}
