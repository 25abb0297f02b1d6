import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type FolderIdentity, writePrivateFile } from "../config/index.js";

/** How to reach the `listen` that writes to a journal: the content of `listen.json` in its folder. */
export interface ControlAddress {
  pid: number;
  /** On 127.0.0.1. */
  port: number;
  /** The control token of the journal, not the token that the app requires. */
  token: string;
  /** Random for each start. `listen` reports it, so that another process at the same port is not mistaken for this one. */
  instance: string;
  /** The folder that `listen` writes to. In a copy of the folder, `listen.json` still identifies the original, so it is ignored. */
  folder: FolderIdentity;
}

function addressPath(dir: string): string {
  return join(dir, "listen.json");
}

/** Writes the address so that only the current user can read it. */
export function writeAddress(dir: string, address: ControlAddress): Promise<void> {
  return writePrivateFile(addressPath(dir), `${JSON.stringify(address)}\n`);
}

/** Removes the address that this `listen` wrote. */
export async function removeAddress(dir: string, instance: string): Promise<void> {
  if ((await readAddress(dir))?.instance === instance) await rm(addressPath(dir), { force: true });
}

/** The address of the last `listen`, which may have ended. Ignores those of earlier versions, which lack `folder`. */
export async function readAddress(dir: string): Promise<ControlAddress | undefined> {
  try {
    const address = JSON.parse(await readFile(addressPath(dir), "utf8")) as Partial<ControlAddress>;
    const { pid, port, token, instance, folder } = address;
    const isComplete =
      typeof pid === "number" &&
      typeof port === "number" &&
      typeof token === "string" &&
      typeof instance === "string" &&
      typeof folder?.path === "string";
    if (isComplete) return address as ControlAddress;
  } catch {
    // There is no file, or it is damaged.
  }
  return undefined;
}
