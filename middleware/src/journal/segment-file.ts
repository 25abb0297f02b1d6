import { constants, fdatasync, fstatSync, ftruncateSync, openSync, write } from "node:fs";
import { rm } from "node:fs/promises";
import { closeQuietly, openFile, syncFolder } from "./disk.js";
import { segmentPath } from "./segments.js";

/** Whether a segment is still this writer's: `removed` when it was deleted, `shared` when others have written to it too. */
export type Standing = "own" | "removed" | "shared";

function writeTo(fd: number, bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    // Without a position: the file is open to append, so that no write ever lands on what another process has written.
    write(fd, bytes, 0, bytes.length, null, (error, written) => (error ? reject(error) : resolve(written)));
  });
}

function syncData(fd: number): Promise<void> {
  return new Promise((resolve, reject) => fdatasync(fd, (error) => (error ? reject(error) : resolve())));
}

/** The segment that is being appended to. */
export class SegmentFile {
  #fd: number | undefined;
  readonly #ino: number;

  private constructor(
    readonly segment: number,
    private readonly path: string,
    fd: number,
    /** Bytes that are whole lines on disk. */
    public bytes: number,
  ) {
    this.#fd = fd;
    this.#ino = fstatSync(fd).ino;
  }

  /** Goes on with a segment whose writer has ended; what stands after `bytes` is cut off, and the rest is on disk. */
  static async continue(dir: string, segment: number, bytes: number): Promise<SegmentFile> {
    const path = segmentPath(dir, segment);
    const whole = await openFile(path, constants.O_RDWR);
    try {
      if (fstatSync(whole).size !== bytes) ftruncateSync(whole, bytes);
      await syncData(whole);
    } finally {
      closeQuietly(whole);
    }
    const fd = await openFile(path, constants.O_WRONLY | constants.O_APPEND);
    return SegmentFile.#wrap(segment, path, fd, bytes);
  }

  /** Brings to disk what another process wrote to a segment, and changes nothing. */
  static async sync(dir: string, segment: number): Promise<void> {
    const fd = await openFile(segmentPath(dir, segment), constants.O_RDWR);
    try {
      await syncData(fd);
    } finally {
      closeQuietly(fd);
    }
  }

  /**
   * Starts a segment with its first line.
   * @param isOwner whether this process still has the journal for certain; where not, a file that could not be filled is left
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
   * Appends whole lines and waits for the disk. What could not be written whole is cut off again.
   * @param isOwner whether this process still has the journal for certain; where not, nothing is cut off
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
      // The number may be another file's by now.
      if ((error as NodeJS.ErrnoException).code === "EBADF") this.#fd = undefined;
      else if (isOwner()) this.#cut(fd, lines.length);
      throw error;
    }
    this.bytes += lines.length;
  }

  /** Cuts off what a failed append has left; nothing when others have written too. */
  #cut(fd: number, written: number): void {
    try {
      const { size, ino } = fstatSync(fd);
      if (ino !== this.#ino || size > this.bytes + written) return;
      if (process.platform !== "win32") {
        ftruncateSync(fd, this.bytes);
        return;
      }
      // Windows cuts no file that is open to append.
      const whole = openSync(this.path, "r+");
      try {
        ftruncateSync(whole, this.bytes);
      } finally {
        closeQuietly(whole);
      }
    } catch {
      // What is left of the lines is skipped at the next opening.
    }
  }

  /**
   * Looks at the file itself: what is written to one that was deleted is lost at its closing.
   * @throws Error when the descriptor is not this file's any more
   */
  standing(): Standing {
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

  /** Whether the file has been deleted under us; true also when it cannot be looked at. */
  get isRemoved(): boolean {
    try {
      return this.standing() === "removed";
    } catch {
      return true;
    }
  }

  /** Closes the file; it is never used again, whatever the system says. */
  close(): void {
    if (this.#fd !== undefined) closeQuietly(this.#fd);
    this.#fd = undefined;
  }
}
