import { constants, fdatasync, fstatSync, ftruncateSync, openSync, write } from "node:fs";
import { rm } from "node:fs/promises";
import { closeQuietly, openFile, syncFolder } from "./disk.js";
import { segmentPath } from "./segments.js";

/**
 * State of a segment's file.
 *
 * - `own`: no other process has written to it since it was opened.
 * - `removed`: it was deleted.
 * - `shared`: another process has written to it since it was opened.
 */
export type FileState = "own" | "removed" | "shared";

function writeTo(fd: number, bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    // No position: the file is open in append mode, so a write never overwrites what another process has written.
    write(fd, bytes, 0, bytes.length, null, (error, written) => (error ? reject(error) : resolve(written)));
  });
}

function syncData(fd: number): Promise<void> {
  return new Promise((resolve, reject) => fdatasync(fd, (error) => (error ? reject(error) : resolve())));
}

/** The file of the active segment. */
export class SegmentFile {
  #fd: number | undefined;
  readonly #ino: number;

  private constructor(
    readonly segment: number,
    private readonly path: string,
    fd: number,
    /** Bytes of complete lines on disk. */
    public bytes: number,
  ) {
    this.#fd = fd;
    this.#ino = fstatSync(fd).ino;
  }

  /** Continues a segment whose writer has ended. Truncates it to `bytes` and syncs it. */
  static async continue(dir: string, segment: number, bytes: number): Promise<SegmentFile> {
    const path = segmentPath(dir, segment);
    const readWriteFd = await openFile(path, constants.O_RDWR);
    try {
      if (fstatSync(readWriteFd).size !== bytes) ftruncateSync(readWriteFd, bytes);
      await syncData(readWriteFd);
    } finally {
      closeQuietly(readWriteFd);
    }
    const fd = await openFile(path, constants.O_WRONLY | constants.O_APPEND);
    return SegmentFile.#wrap(segment, path, fd, bytes);
  }

  /** Syncs a segment that another process wrote, without changing it. */
  static async sync(dir: string, segment: number): Promise<void> {
    const fd = await openFile(segmentPath(dir, segment), constants.O_RDWR);
    try {
      await syncData(fd);
    } finally {
      closeQuietly(fd);
    }
  }

  /**
   * Creates a segment with its first line.
   * @param isOwner whether this process certainly still owns the journal; if not, an incomplete file is not deleted
   */
  static async create(dir: string, segment: number, firstLine: string, isOwner: () => boolean): Promise<SegmentFile> {
    const path = segmentPath(dir, segment);
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_EXCL;
    const file = SegmentFile.#wrap(segment, path, await openFile(path, flags, 0o600), 0);
    try {
      await file.append(Buffer.from(firstLine), isOwner);
      await syncFolder(dir);
      return file;
    } catch (error) {
      file.close();
      if (isOwner()) await rm(path, { force: true });
      throw error;
    }
  }

  static #wrap(segment: number, path: string, fd: number, bytes: number): SegmentFile {
    try {
      return new SegmentFile(segment, path, fd, bytes);
    } catch (error) {
      closeQuietly(fd);
      throw error;
    }
  }

  /**
   * Appends complete lines and syncs them. If that fails, truncates the file to its previous size.
   * @param isOwner whether this process certainly still owns the journal; if not, nothing is truncated
   */
  async append(lines: Buffer, isOwner: () => boolean): Promise<void> {
    const fd = this.#fd;
    if (fd === undefined) throw new Error(`${this.path} is closed.`);
    try {
      for (let done = 0; done < lines.length; ) {
        done += await writeTo(fd, done === 0 ? lines : lines.subarray(done));
      }
      await syncData(fd);
    } catch (error) {
      // The descriptor's number may belong to another file now.
      if ((error as NodeJS.ErrnoException).code === "EBADF") this.#fd = undefined;
      else if (isOwner()) this.#truncate(fd, lines.length);
      throw error;
    }
    this.bytes += lines.length;
  }

  /** Truncates the file to its size before a failed append, unless another process has written to it too. */
  #truncate(fd: number, written: number): void {
    try {
      const { size, ino } = fstatSync(fd);
      if (ino !== this.#ino || size > this.bytes + written) return;
      if (process.platform !== "win32") {
        ftruncateSync(fd, this.bytes);
        return;
      }
      // Windows cannot truncate a file that is open in append mode.
      const readWriteFd = openSync(this.path, "r+");
      try {
        ftruncateSync(readWriteFd, this.bytes);
      } finally {
        closeQuietly(readWriteFd);
      }
    } catch {
      // The next opening skips the incomplete lines.
    }
  }

  /**
   * Checks whether the file was deleted, and whether another process has written to it.
   * @throws Error if the file is closed, or the descriptor no longer belongs to it
   */
  state(): FileState {
    const fd = this.#fd;
    if (fd === undefined) throw new Error(`${this.path} is closed.`);
    let file: { nlink: number; size: number; ino: number };
    try {
      file = fstatSync(fd);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EBADF") this.#fd = undefined;
      throw error;
    }
    if (file.ino !== this.#ino) {
      this.#fd = undefined;
      throw new Error(`The descriptor of ${this.path} was closed by other code of this process.`);
    }
    if (file.nlink === 0) return "removed";
    return file.size === this.bytes ? "own" : "shared";
  }

  /** Whether the file was deleted, or can no longer be checked. */
  get isRemoved(): boolean {
    try {
      return this.state() === "removed";
    } catch {
      return true;
    }
  }

  /** Closes the file and ignores errors. The descriptor is never used again. */
  close(): void {
    if (this.#fd !== undefined) closeQuietly(this.#fd);
    this.#fd = undefined;
  }
}
