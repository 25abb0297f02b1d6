import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writePrivateFile } from "../config/private-file.js";

/** How to reach the `listen` that writes a journal. */
export interface Address {
  pid: number;
  /** On 127.0.0.1. */
  port: number;
  token: string;
}

function addressPath(dir: string): string {
  return join(dir, "listen.json");
}

/** Says where the control channel is, to the owner of the folder alone. */
export function writeAddress(dir: string, address: Address): Promise<void> {
  return writePrivateFile(addressPath(dir), `${JSON.stringify(address)}\n`);
}

export function removeAddress(dir: string): Promise<void> {
  return rm(addressPath(dir), { force: true });
}

/** The address that the last `listen` left; nobody need be there any more. */
export async function readAddress(dir: string): Promise<Address | undefined> {
  try {
    const { pid, port, token } = JSON.parse(await readFile(addressPath(dir), "utf8")) as Partial<Address>;
    if (typeof pid === "number" && typeof port === "number" && typeof token === "string") return { pid, port, token };
  } catch {
    // Absent, or half written by a process that died: nobody to talk to.
  }
  return undefined;
}
