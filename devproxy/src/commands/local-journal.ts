import { copyFile } from "node:fs/promises";
import { configPath, parseInboxUrl, readOrCreateConfig } from "../config/index.js";
import { copyInbox, MAX_PUSHES, type Selection } from "../inbox-copy/index.js";
import { Progress, withSeparators } from "../report/index.js";
import { projectJournal } from "./flags.js";
import type { Output } from "./output.js";

/** A journal in a folder. */
export interface LocalJournal {
  folder: string;
  /** For messages: the folder, or the URL of the inbox without its password. */
  shown: string;
  /** Whether the folder is a copy of an inbox. */
  isCopy: boolean;
}

/**
 * The journal that `--journal` names. If it is the URL of an inbox, copies the selected pushes into a temporary folder, which is removed
 * when the process ends.
 * @throws DevproxyError `usage`; `inbox_unreadable`, `driver_missing`
 */
export async function localJournal(journal: string, selection: Selection, { err }: Output): Promise<LocalJournal> {
  const inbox = parseInboxUrl(journal);
  if (inbox === undefined) return { folder: journal, shown: journal, isCopy: false };
  const progress = new Progress(err);
  const onProgress = (count: number) => progress.show(count);
  const { dir, count } = await copyInbox(inbox, selection, onProgress).finally(() => progress.clear());
  await addConfig(dir);
  if (count === MAX_PUSHES) {
    const advice = "Use --since and --until to select others.";
    err.line(`Only the newest ${withSeparators(MAX_PUSHES)} pushes of ${inbox.shown} were read. ${advice}`);
  }
  return { folder: dir, shown: inbox.shown, isCopy: true };
}

/**
 * Copies the config of the project's journal to a copy of an inbox, so that equal values get equal placeholders in every command. Without such
 * a config, creates a new one.
 */
async function addConfig(dir: string): Promise<void> {
  const project = projectJournal();
  if (project !== undefined) await copyFile(configPath(project), configPath(dir)).catch(() => undefined);
  await readOrCreateConfig(dir);
}
