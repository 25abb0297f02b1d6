import { statfs } from "node:fs/promises";
import { type Config, type FolderIdentity, identityOf, isSameFolder, readConfig } from "../config/index.js";
import type { Listener } from "../events.js";
import type { Store } from "./store.js";

const INTERVAL_MS = 500;
/** With less free space, a volume counts as full. Bytes. */
const FULL_BYTES = 64 * 1024;

/** Checks twice a second that a journal's folder is still the one that was opened, and that its volume is not full. */
export class FolderWatch {
  readonly #timer: NodeJS.Timeout;
  #isFull = false;
  #checking: Promise<void> | undefined;

  constructor(
    private readonly store: Store,
    private readonly folder: FolderIdentity,
    private readonly config: Config,
    private readonly listener: Listener,
  ) {
    this.#timer = setInterval(() => void this.check(), INTERVAL_MS);
    this.#timer.unref();
  }

  /** Why pushes are not recorded; `undefined` while they are. */
  get problem(): string | undefined {
    return this.store.suspended ?? this.store.failure ?? (this.#isFull ? this.#fullMessage : undefined);
  }

  /** Whether the folder was removed, moved, replaced or emptied. */
  get isGone(): boolean {
    return this.store.suspended !== undefined;
  }

  /** Checks the folder and its volume now. During a check, returns the promise of that check. */
  check(): Promise<void> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #check(): Promise<void> {
    const isThere = await this.#isThere();
    if (isThere === this.isGone) this.#report(isThere);
    if (!isThere) return;
    const isFull = await isVolumeFull(this.store.dir);
    if (isFull && !this.#isFull) this.listener({ event: "note", code: "journal_full", message: this.#fullMessage });
    this.#isFull = isFull;
  }

  /** A new folder can get the same inode number, so this also compares the config. */
  async #isThere(): Promise<boolean> {
    const now = await identityOf(this.store.dir);
    if (now === undefined || !isSameFolder(this.folder, now)) return false;
    // A config that cannot be read, for example for lack of file descriptors, does not count as gone.
    const config = await readConfig(this.store.dir).catch(() => this.config);
    return config?.secret === this.config.secret;
  }

  #report(isThere: boolean): void {
    const { dir } = this.store;
    const gone = `The journal ${dir} was removed, moved or emptied. The dev proxy responds 503 to pushes and does not record them. Put it back, or restart listen.`;
    this.store.suspended = isThere ? undefined : gone;
    const [code, message] = isThere
      ? ["journal_back", `The journal ${dir} is back. The dev proxy records pushes again.`]
      : ["journal_gone", gone];
    this.listener({ event: "note", code, message });
  }

  get #fullMessage(): string {
    return `The volume of the journal ${this.store.dir} is full. The dev proxy responds 503 to pushes that it cannot record. Free some space.`;
  }
}

async function isVolumeFull(dir: string): Promise<boolean> {
  try {
    const { bavail, bsize, blocks } = await statfs(dir);
    return blocks > 0 && bavail * bsize < FULL_BYTES;
  } catch {
    return false;
  }
}
