import { randomUUID } from "node:crypto";
import { type FileHandle, open, realpath, rename, rm, stat } from "node:fs/promises";
import { DevproxyError, usageError } from "../errors.js";

/** Size of one write, bytes. */
const BLOCK_BYTES = 256 * 1024;

/**
 * Writes parts to a file that only its owner can read, because an export may contain personal data. A regular file is replaced when all parts
 * are written, so an interrupted export leaves the previous one.
 * @param options.isExecutable whether its owner can run it. Default: false
 * @throws DevproxyError `not_writable`, or `usage` for a folder
 */
export async function writeExport(
  path: string,
  parts: AsyncIterable<string | Buffer> | Iterable<string | Buffer>,
  { isExecutable = false }: { isExecutable?: boolean } = {},
): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) throw usageError(`--out ${path} is a folder. Give the path of a file.`);
  // A device or a pipe, such as /dev/stdout, is written to directly. A symbolic link stays.
  const isReplaced = found === undefined || found.isFile();
  const target = found?.isFile() ? await realpath(path) : path;
  const temporaryPath = isReplaced ? `${target}.${randomUUID()}` : target;
  const file = await open(temporaryPath, isReplaced ? "wx" : "w", isExecutable ? 0o700 : 0o600).catch((error) => {
    throw notWritable(path, error);
  });
  try {
    try {
      await writeParts(file, parts, path);
    } finally {
      await file.close();
    }
    if (isReplaced) {
      await rename(temporaryPath, target).catch((error) => {
        throw notWritable(path, error);
      });
    }
  } catch (error) {
    if (isReplaced) await rm(temporaryPath, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function writeParts(
  file: FileHandle,
  parts: AsyncIterable<string | Buffer> | Iterable<string | Buffer>,
  path: string,
): Promise<void> {
  let block: Buffer[] = [];
  let size = 0;
  const flush = async () => {
    const bytes = Buffer.concat(block);
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await file.write(bytes, at).catch((error) => {
        throw notWritable(path, error);
      });
      at += bytesWritten;
    }
    block = [];
    size = 0;
  };
  for await (const part of parts) {
    const bytes = typeof part === "string" ? Buffer.from(part) : part;
    block.push(bytes);
    size += bytes.length;
    if (size >= BLOCK_BYTES) await flush();
  }
  await flush();
}

/** The error for a file or a folder that cannot be written. */
export function notWritable(path: string, cause: NodeJS.ErrnoException): DevproxyError {
  const message = `${path} cannot be written (${cause.code ?? cause.message}). Check that its folder exists and has space, or give another --out.`;
  return new DevproxyError("not_writable", message, 3, { cause });
}
