import { closeSync, fdatasync, fstatSync, fsync, ftruncateSync, open, openSync, type PathLike, write } from "node:fs";
import { rm } from "node:fs/promises";
import { promisify } from "node:util";
import { segmentPath } from "./segments.js";

const openFile = promisify(open);
const syncData = promisify(fdatasync);
const syncAll = promisify(fsync);

function writeAt(fd: number, bytes: Buffer, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, 0, bytes.length, position, (error, written) => (error ? reject(error) : resolve(written)));
  });
}

/** A new file's name is on disk only after its folder was synced; Windows neither needs nor allows it. */
async function syncFolder(dir: PathLike): Promise<void> {
  if (process.platform === "win32") return;
  const fd = openSync(dir, "r");
  try {
    await syncAll(fd);
  } finally {
    closeSync(fd);
  }
}

/** The segment that is being appended to. */
export class SegmentFile {
  private constructor(
    readonly segment: number,
    private readonly fd: number,
    /** Bytes that are whole lines on disk. */
    public bytes: number,
  ) {}

  /** Goes on with a segment that is there; what stands after `bytes` is cut off. */
  static async continue(dir: string, segment: number, bytes: number): Promise<SegmentFile> {
    const fd = await openFile(segmentPath(dir, segment), "r+");
    ftruncateSync(fd, bytes);
    return new SegmentFile(segment, fd, bytes);
  }

  /** Starts a segment with its first line. */
  static async create(dir: string, segment: number, firstLine: string): Promise<SegmentFile> {
    const path = segmentPath(dir, segment);
    const file = new SegmentFile(segment, await openFile(path, "wx", 0o600), 0);
    try {
      await file.append(Buffer.from(firstLine));
      await syncFolder(dir);
      return file;
    } catch (error) {
      file.close();
      await rm(path, { force: true });
      throw error;
    }
  }

  /** Writes whole lines and waits for the disk. What could not be written whole is cut off again. */
  async append(lines: Buffer): Promise<void> {
    try {
      for (let done = 0; done < lines.length; ) {
        done += await writeAt(this.fd, done === 0 ? lines : lines.subarray(done), this.bytes + done);
      }
      await syncData(this.fd);
    } catch (error) {
      try {
        ftruncateSync(this.fd, this.bytes);
      } catch {
        // The next opening cuts it.
      }
      throw error;
    }
    this.bytes += lines.length;
  }

  /** Whether the file has been deleted under us: what is written to it now is lost at its closing. */
  get removed(): boolean {
    return fstatSync(this.fd).nlink === 0;
  }

  close(): void {
    closeSync(this.fd);
  }
}
