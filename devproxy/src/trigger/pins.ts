import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { lstat, mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Content, type PushHead, parseLine } from "airudder-webhooks/journal";
import { mostSimilar, writePrivateFile } from "../config/index.js";
import { DevproxyError, usageError } from "../errors.js";
import { Redactor } from "../privacy/index.js";

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

const LINK_ADVICE = "If it is a link, check that its folder exists.";

function pathOf(dir: string, name: string): string {
  return join(folderOf(dir), `${name}.json`);
}

/** A name that may be personal is redacted in messages. */
async function redacted(dir: string, name: string): Promise<string> {
  return (await Redactor.of(dir, false)).text(name);
}

function isPinName(name: string): boolean {
  return /^[\w.-]{1,64}$/.test(name) && !/^\.+$/.test(name);
}

/** @throws DevproxyError `usage` */
async function checkName(dir: string, name: string): Promise<void> {
  if (isPinName(name)) return;
  throw usageError(
    `"${await redacted(dir, name)}" is not a valid pin name. Use 1 to 64 letters, digits, dots, hyphens and underscores, and not only dots.`,
  );
}

/**
 * Copies a push into a file of its own, which only the user can read.
 * @param options.force replaces a pin of the same name
 * @throws DevproxyError `usage`, for a wrong or an existing name · `not_writable`
 */
export async function writePin(dir: string, { name, head, content }: Pin, { force = false } = {}): Promise<void> {
  await checkName(dir, name);
  const path = pathOf(dir, name);
  if (!force && (await exists(path))) {
    const existing = await redacted(dir, name);
    throw usageError(`The pin ${existing} exists already. Give another name, or replace it with --force.`);
  }
  await mkdir(folderOf(dir), { recursive: true, mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    throw new DevproxyError("not_writable", `${folderOf(dir)} cannot be written (${error.code}). ${LINK_ADVICE}`, 3);
  });
  const { headers, body } = content;
  const encoding = isUtf8(body) ? "utf8" : "base64";
  await writePrivateFile(path, `${JSON.stringify({ ...head, headers, encoding, body: body.toString(encoding) })}\n`);
}

/**
 * Reads a pin.
 * @throws DevproxyError `usage`, if there is no pin of this name · `pin_damaged`
 */
export async function readPin(dir: string, name: string): Promise<Pin> {
  await checkName(dir, name);
  const path = pathOf(dir, name);
  let line: string;
  try {
    line = await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw await noPin(dir, name);
    const shown = pathOf(dir, await redacted(dir, name));
    throw new DevproxyError("pin_damaged", `The pin ${shown} cannot be read (${code}).`, 3);
  }
  const pin = parsePin(line);
  if (pin !== undefined) return { name, ...pin };
  const shown = pathOf(dir, await redacted(dir, name));
  throw new DevproxyError("pin_damaged", `The pin ${shown} is damaged. Remove the file, and pin the push again.`, 3);
}

/** @returns `undefined` if the line is damaged */
function parsePin(line: string): Omit<Pin, "name"> | undefined {
  try {
    const { head, content } = parseLine(line) ?? {};
    const isIntact =
      head?.kind === "push" &&
      content !== undefined &&
      createHash("sha256").update(content.body).digest("hex") === head.sha256;
    return isIntact ? { head, content } : undefined;
  } catch {
    return undefined;
  }
}

async function noPin(dir: string, missing: string): Promise<Error> {
  const redactor = await Redactor.of(dir, false);
  const names = (await pinNames(dir)).map((each) => redactor.text(each));
  const name = redactor.text(missing);
  const similar = mostSimilar(name, names);
  const known = names.length === 0 ? "The journal has no pins." : `Pins: ${names.join(", ")}.`;
  const hint = similar === undefined ? known : `Did you mean ${similar}? ${known}`;
  return usageError(`There is no pin ${name}. ${hint} Pin a push with: airudder-devproxy pin ID ${name}`);
}

/** The names of the pins of a journal, sorted. */
export async function pinNames(dir: string): Promise<string[]> {
  const folder = folderOf(dir);
  const files = await readdir(folder).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" && !(await isLink(folder))) return [];
    throw new DevproxyError("pins_unreadable", `${folder} cannot be read (${error.code}). ${LINK_ADVICE}`, 3);
  });
  return files
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -".json".length))
    .filter(isPinName)
    .sort();
}

/** Removes a pin. @throws DevproxyError `usage`, if there is no pin of this name */
export async function removePin(dir: string, name: string): Promise<void> {
  await checkName(dir, name);
  if (!(await exists(pathOf(dir, name)))) throw await noPin(dir, name);
  await rm(pathOf(dir, name));
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  );
}
