import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Content, type PushHead, parseLine } from "airudder-webhooks/journal";
import { mostSimilar, writePrivateFile } from "../config/index.js";
import { DevproxyError, usageError } from "../errors.js";

/** A copy of a recorded push, under a name. */
export interface Pin {
  name: string;
  /** The head of the recorded push. */
  head: PushHead;
  content: Content;
}

/** Pins are files beside the segments of the journal, so that `--keep` never removes them. Each contains one line, in the journal's format. */
function folderOf(dir: string): string {
  return join(dir, "pins");
}

function pathOf(dir: string, name: string): string {
  return join(folderOf(dir), `${name}.json`);
}

/** @throws DevproxyError `usage` */
function checkName(name: string): void {
  if (/^[\w.-]{1,64}$/.test(name)) return;
  throw usageError(`"${name}" is not a valid pin name. Use 1 to 64 letters, digits, dots, hyphens and underscores.`);
}

/**
 * Copies a push into a file of its own, which only the user can read.
 * @param options.force replaces a pin of the same name
 * @throws DevproxyError `usage`, for a wrong or an existing name · `not_writable`
 */
export async function writePin(dir: string, { name, head, content }: Pin, { force = false } = {}): Promise<void> {
  checkName(name);
  const path = pathOf(dir, name);
  if (!force && (await exists(path)))
    throw usageError(`The pin ${name} exists already. Give another name, or replace it with --force.`);
  await mkdir(folderOf(dir), { recursive: true, mode: 0o700 });
  const { headers, body } = content;
  const encoding = isUtf8(body) ? "utf8" : "base64";
  await writePrivateFile(path, `${JSON.stringify({ ...head, headers, encoding, body: body.toString(encoding) })}\n`);
}

/**
 * Reads a pin.
 * @throws DevproxyError `usage`, if there is no pin of this name · `pin_damaged`
 */
export async function readPin(dir: string, name: string): Promise<Pin> {
  checkName(name);
  const path = pathOf(dir, name);
  let line: string;
  try {
    line = await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw noPin(name, await pinNames(dir));
    throw new DevproxyError("pin_damaged", `The pin ${path} cannot be read (${code}).`, 3);
  }
  return { name, ...parsePin(path, line) };
}

function parsePin(path: string, line: string): Omit<Pin, "name"> {
  try {
    const { head, content } = parseLine(line) ?? {};
    const isIntact =
      head?.kind === "push" &&
      content !== undefined &&
      createHash("sha256").update(content.body).digest("hex") === head.sha256;
    if (isIntact) return { head, content };
  } catch {
    // Reported below.
  }
  throw new DevproxyError("pin_damaged", `The pin ${path} is damaged. Remove the file, and pin the push again.`, 3);
}

function noPin(name: string, names: readonly string[]): Error {
  const similar = mostSimilar(name, names);
  const known = names.length === 0 ? "The journal has no pins." : `Pins: ${names.join(", ")}.`;
  const hint = similar === undefined ? known : `Did you mean ${similar}? ${known}`;
  return usageError(`There is no pin ${name}. ${hint} Pin a push with: airudder-devproxy pin ID ${name}`);
}

/** The names of the pins of a journal, sorted. */
export async function pinNames(dir: string): Promise<string[]> {
  const files = await readdir(folderOf(dir)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new DevproxyError("pins_unreadable", `${folderOf(dir)} cannot be read (${error.code}).`, 3);
  });
  return files.flatMap((file) => /^([\w.-]{1,64})\.json$/.exec(file)?.[1] ?? []).sort();
}

/** Removes a pin. @throws DevproxyError `usage`, if there is no pin of this name */
export async function removePin(dir: string, name: string): Promise<void> {
  checkName(name);
  if (!(await exists(pathOf(dir, name)))) throw noPin(name, await pinNames(dir));
  await rm(pathOf(dir, name));
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
