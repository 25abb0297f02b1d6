import type { FilterQuery, Status, Story, StoryPush, StorySubject, StoryTask } from "../api/index.js";
import { statusTone } from "./format.js";

/** A line of the stories view. */
export type StoryRow = { key: string; level: number } & (
  | { kind: "story"; story: Story; isOpen: boolean }
  | { kind: "task"; task: StoryTask; isOpen: boolean }
  | { kind: "subject"; subject: StorySubject; isOpen: boolean }
  | { kind: "push"; push: StoryPush; subject?: StorySubject }
  | { kind: "more"; text: string; filters: FilterQuery }
);

type StatusCounts = Partial<Record<Status, number>>;

/** The lines of stories. @param open groups that were opened (true) or closed (false) by the reader */
export function storyRows(stories: readonly Story[], open: ReadonlyMap<string, boolean>): StoryRow[] {
  const rows: StoryRow[] = [];
  for (const story of stories) {
    const key = `w:${story.workflow ?? ""}`;
    const isOpen = open.get(key) ?? true;
    rows.push({ kind: "story", key, level: 1, story, isOpen });
    if (!isOpen) continue;
    for (const task of story.tasks) addTask(rows, `${key}/t:${task.task ?? ""}:${task.kind}`, story, task, open);
    if (story.more) {
      const filters: FilterQuery = story.workflow === null ? {} : { workflow: story.workflow };
      rows.push({ kind: "more", key: `${key}/more`, level: 2, text: `${story.more} more tasks`, filters });
    }
  }
  return rows;
}

function addTask(
  rows: StoryRow[],
  key: string,
  story: Story,
  task: StoryTask,
  open: ReadonlyMap<string, boolean>,
): void {
  const isOpen = open.get(key) ?? true;
  rows.push({ kind: "task", key, level: 2, task, isOpen });
  if (!isOpen) return;
  for (const subject of task.subjects) addSubject(rows, `${key}/s:${subject.subject}`, subject, open);
  if (task.more) {
    const text = `${task.more} more ${task.kind === "voicebot" ? "calls" : "subjects"} of this task`;
    rows.push({ kind: "more", key: `${key}/more`, level: 3, text, filters: taskFilters(story, task) });
  }
}

function taskFilters({ workflow }: Story, { task }: StoryTask): FilterQuery {
  if (task !== null) return { task };
  return workflow === null ? {} : { workflow };
}

function addSubject(rows: StoryRow[], key: string, subject: StorySubject, open: ReadonlyMap<string, boolean>): void {
  const [only] = subject.pushes;
  if (only !== undefined && subject.pushes.length === 1 && !subject.more) {
    rows.push({ kind: "push", key: `p:${only.seq}`, level: 3, push: only, subject });
    return;
  }
  const isOpen = open.get(key) ?? subject.pushes.some(needsAttention);
  rows.push({ kind: "subject", key, level: 3, subject, isOpen });
  if (!isOpen) return;
  for (const push of subject.pushes) rows.push({ kind: "push", key: `p:${push.seq}`, level: 4, push });
}

function needsAttention({ status, copy, late }: StoryPush): boolean {
  return copy !== undefined || late === true || isProblem(status);
}

/** Whether a status needs the attention of a developer. */
function isProblem(status: string): boolean {
  const tone = statusTone(status);
  return tone === "bad" || tone === "warn";
}

const WORST_FIRST: readonly string[] = ["failed", "dead", "quarantined", "undelivered"];

/** The statuses of a group, the worst first: `[["failed", 3], ["handled", 120]]`. */
export function statusList(counts: StatusCounts): [string, number][] {
  const rank = (status: string) => (WORST_FIRST.includes(status) ? WORST_FIRST.indexOf(status) : WORST_FIRST.length);
  return Object.entries(counts).sort(([a], [b]) => rank(a) - rank(b));
}
