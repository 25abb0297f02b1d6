import { spawnSync } from "node:child_process";
import type { TestContext } from "node:test";
import { atEnd } from "./at-end.js";
import { makeFolder } from "./folder.js";

/** A separate volume; `undefined` if this process is not allowed to mount one. @param size as `mount` takes it, such as `1m` */
export function smallVolume(t: TestContext, size: string): string | undefined {
  const dir = makeFolder(t);
  if (process.platform !== "linux") return undefined;
  if (spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", dir]).status !== 0) return undefined;
  atEnd(t, () => void spawnSync("umount", ["-l", dir]));
  return dir;
}
