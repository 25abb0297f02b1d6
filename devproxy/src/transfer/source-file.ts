import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { usageError } from "../errors.js";

/** Size of one read, bytes. */
const BLOCK_BYTES = 256 * 1024;

/** The path that stands for standard input. */
export const STANDARD_INPUT = "-";

/** A file to import. It can be read several times. */
export interface SourceFile {
  /** For messages. */
  readonly name: string;
  readonly size: number;
  readonly modifiedAt: Date;
  /**
   * Reads it from the start.
   * @throws DevproxyError `usage`
   */
  chunks(): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/**
 * Opens a file to import. A pipe can be read only once, so its data is copied to a temporary file, which only this process can read.
 * @param path `-` for standard input
 * @throws DevproxyError `usage`
 */
export async function openSource(path: string): Promise<SourceFile> {
  if (path === STANDARD_INPUT) return copyOf(process.stdin, "standard input");
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    const hint = error.code === "ENXIO" ? ` Give ${STANDARD_INPUT} for standard input.` : "";
    throw usageError(`${path} cannot be read (${error.code}).${hint}`);
  });
  try {
    if ((await file.stat()).isFile()) return await sourceOf(file, path, () => file.close());
    return await copyOf(file.createReadStream({ autoClose: false }), path).finally(() => file.close());
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
}

/** Copies what can be read only once. */
async function copyOf(stream: AsyncIterable<Buffer>, name: string): Promise<SourceFile> {
  const notStored = (error: NodeJS.ErrnoException): never => {
    throw usageError(
      `${name} cannot be copied to the temporary folder ${tmpdir()} (${error.code}). Import a file instead.`,
    );
  };
  const folder = await mkdtemp(join(tmpdir(), "airudder-import-")).catch(notStored);
  const removeFolder = () => rm(folder, { recursive: true, force: true }).catch(() => undefined);
  const file = await open(join(folder, "source"), "wx+", 0o600).catch(notStored);
  const close = async () => {
    await file.close();
    await removeFolder();
  };
  try {
    // Removed while it is open, so that no copy stays if the process is killed. Windows removes it when it is closed.
    await removeFolder();
    for await (const chunk of readable(stream, name)) await file.appendFile(chunk).catch(notStored);
    return await sourceOf(file, name, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function sourceOf(file: FileHandle, name: string, close: () => Promise<void>): Promise<SourceFile> {
  const { size, mtime } = await file.stat();
  return { name, size, modifiedAt: mtime, chunks: () => readable(blocksOf(file), name), close };
}

async function* blocksOf(file: FileHandle): AsyncGenerator<Buffer> {
  for (let at = 0; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(BLOCK_BYTES), 0, BLOCK_BYTES, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function* readable(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  try {
    yield* chunks;
  } catch (cause) {
    throw usageError(`${name} cannot be read (${(cause as NodeJS.ErrnoException).code}).`);
  }
}
