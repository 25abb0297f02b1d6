import { filterRows, hasFilters, type Row, type Status, statusOf } from "../journal/index.js";
import { rowJson } from "../report/index.js";
import type { Facts } from "./body-facts.js";
import type { ApiContext } from "./context.js";
import { copiesOf } from "./listing.js";
import type { Match, PushTable } from "./push-table.js";
import type { ApiRequest } from "./request.js";
import type {
  CopyOf,
  PushRow,
  StoriesResponse,
  Story,
  StoryPush,
  StorySubject,
  StoryTask,
  SubjectKind,
} from "./types.js";

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 100;
const MAX_TASKS = 50;
const MAX_SUBJECTS = 20;
const MAX_PUSHES = 20;
/** Maximum number of pushes in a response. */
const MAX_ALL_PUSHES = 1_000;
/** Maximum number of contact pushes whose bodies are read to count the phone numbers of tasks, in one response. */
const MAX_CONTACTS = 10_000;

/** The statuses that have a cause to show. */
const FAILURES: ReadonlySet<Status> = new Set(["failed", "dead", "undelivered", "quarantined"]);

/** Positions of pushes that have something in common, newest first. */
type Positions = number[];

/** `GET /stories`. Groups the table, and reads only the pushes that are shown. */
export async function listStories(request: ApiRequest): Promise<StoriesResponse> {
  const { table } = request.context;
  for (;;) {
    const stories = await readStories(request);
    // If pushes were removed meanwhile (--keep), the positions have moved.
    if (stories.generation === table.generation) {
      const { generation: _, ...response } = stories;
      return response;
    }
  }
}

async function readStories(request: ApiRequest): Promise<StoriesResponse & { generation: number }> {
  const { context, filters } = request;
  const { table } = context;
  const limit = request.number("limit", 1, MAX_LIMIT) ?? DEFAULT_LIMIT;
  const before = request.number("before", 0, Number.MAX_SAFE_INTEGER) ?? Number.POSITIVE_INFINITY;
  await table.update();
  const match = filters.text === undefined ? await table.match(filters) : await matchOf(context, filters);
  const { generation } = table;
  const positions = [...positionsOf(table, match)];
  const groups = groupBy(positions, (at) => table.workflow.get(at));
  const older = groups.filter(([newest]) => table.seq(newest as number) < before);
  const page = older.slice(0, limit);
  const plan = new StoryPlan(table, page);
  const rows = plan.shown.flatMap((at) => context.store.index.bySeq(table.seq(at)) ?? []);
  const copies = copiesOf(table, rows);
  const contacts = plan.contacts.flatMap((at) => context.store.index.bySeq(table.seq(at)) ?? []);
  const facts = await context.facts.of([...rows, ...contacts]);
  const byPosition = new Map(rows.map((row) => [row.push.seq, row]));
  const errors = await errorsOf(request, rows);
  const view = new StoryView(request, byPosition, facts, copies, errors);
  const stories = plan.stories.map((story) => view.story(story));
  const last = page.at(-1)?.[0];
  return {
    generation,
    stories,
    matching: positions.length,
    total: table.count,
    next: older.length > limit && last !== undefined ? (stories.at(-1) as Story).lastSeq : null,
  };
}

/** Why pushes failed, by number. */
async function errorsOf({ context, redactor }: ApiRequest, rows: readonly Row[]): Promise<Map<number, string>> {
  const errors = new Map<number, string>();
  for (const row of rows) {
    if (!FAILURES.has(statusOf(row))) continue;
    const { error } = (await rowJson(context.store, row, redactor)) as PushRow;
    if (error !== undefined) errors.set(row.push.seq, error);
  }
  return errors;
}

/** A test for filters with a text: the pushes are searched first. */
async function matchOf({ store, table }: ApiContext, filters: ApiRequest["filters"]): Promise<Match | undefined> {
  if (!hasFilters(filters)) return undefined;
  const found = new Set((await filterRows(store, store.index.rows, filters)).map(({ push }) => push.seq));
  return (at) => found.has(table.seq(at));
}

function* positionsOf({ count }: PushTable, match: Match | undefined): Generator<number> {
  for (let at = count - 1; at >= 0; at--) if (match === undefined || match(at)) yield at;
}

/** Groups positions, the group with the newest one first. */
function groupBy(positions: Iterable<number>, keyOf: (at: number) => number): Positions[] {
  const groups = new Map<number, Positions>();
  for (const at of positions) {
    const key = keyOf(at);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [at]);
    else group.push(at);
  }
  return [...groups.values()];
}

/** The counts of a group that are known without its rows. */
interface Counted {
  positions: Positions;
  firstAt: string;
  lastAt: string;
  lastSeq: number;
  byStatus: Partial<Record<Status, number>>;
}

interface PlannedTask extends Counted {
  hasTask: boolean;
  subjectCount: number;
  /** The positions that are shown of each subject, in the order of arrival. */
  subjects: { shown: Positions; count: number; byStatus: Partial<Record<Status, number>> }[];
  /** Its newest push about the task itself. */
  newestState: number | undefined;
  /** Its pushes about contacts, if they can be read. */
  contacts: Positions | undefined;
  /** Number of pushes that are copies of earlier ones. */
  copies: number;
}

/** What a response shows, from the table alone. */
class StoryPlan {
  readonly stories: (Counted & { tasks: PlannedTask[]; taskCount: number })[];
  /** The positions of the pushes that are shown or needed. */
  readonly shown: Positions = [];
  /** The positions of the contact pushes that are needed. */
  readonly contacts: Positions = [];
  #left = MAX_ALL_PUSHES;

  constructor(
    private readonly table: PushTable,
    groups: readonly Positions[],
  ) {
    this.stories = groups.map((positions) => {
      const tasks = groupBy(positions, (at) => table.task.get(at));
      return {
        ...this.#count(positions),
        tasks: tasks.slice(0, MAX_TASKS).map((task) => this.#planTask(task)),
        taskCount: tasks.length,
      };
    });
  }

  #count(positions: Positions): Counted {
    const { table } = this;
    const byStatus = countStatuses(table, positions);
    const [newest = 0] = positions;
    const timeOf = (at: number) => new Date(table.at.get(at)).toISOString();
    return {
      positions,
      byStatus,
      firstAt: timeOf(positions.at(-1) ?? newest),
      lastAt: timeOf(newest),
      lastSeq: table.seq(newest),
    };
  }

  #planTask(positions: Positions): PlannedTask {
    const { table } = this;
    const subjects = groupBy(positions, (at) => table.subject.get(at) || -1 - at);
    const shown = subjects.slice(0, MAX_SUBJECTS).flatMap((group) => {
      const part = group.slice(0, Math.min(MAX_PUSHES, this.#left)).reverse();
      this.#left -= part.length;
      this.shown.push(...part);
      return part.length === 0 ? [] : [{ shown: part, count: group.length, byStatus: countStatuses(table, group) }];
    });
    const newestState = positions.find((at) => table.type(at) === "dialer.task");
    if (newestState !== undefined) this.shown.push(newestState);
    return {
      ...this.#count(positions),
      hasTask: table.task.get(positions[0] as number) !== 0,
      subjectCount: subjects.length,
      subjects: shown,
      newestState,
      contacts: newestState === undefined ? undefined : this.#takeContacts(positions),
      copies: countCopies(table, positions),
    };
  }

  #takeContacts(positions: Positions): Positions | undefined {
    const contacts = positions.filter((at) => this.table.type(at) === "dialer.contact");
    if (this.contacts.length + contacts.length > MAX_CONTACTS) return undefined;
    for (const at of contacts) this.contacts.push(at);
    return contacts;
  }
}

function countStatuses(table: PushTable, positions: Positions): Partial<Record<Status, number>> {
  const byStatus: Partial<Record<Status, number>> = {};
  for (const at of positions) byStatus[table.status(at)] = (byStatus[table.status(at)] ?? 0) + 1;
  return byStatus;
}

/** The number of pushes that have the same bytes and the same subject as an earlier one. */
function countCopies(table: PushTable, positions: Positions): number {
  const seen = new Map<number, Set<number>>();
  let count = 0;
  for (const at of positions) {
    const subjects = seen.get(table.bytes.get(at)) ?? new Set();
    seen.set(table.bytes.get(at), subjects);
    const subject = table.subject.get(at);
    if (subjects.has(subject)) count++;
    subjects.add(subject);
  }
  return count;
}

/** Builds the response from the plan and the rows that were read. */
class StoryView {
  readonly #table: PushTable;

  constructor(
    private readonly request: ApiRequest,
    private readonly rows: ReadonlyMap<number, Row>,
    private readonly facts: ReadonlyMap<number, Facts>,
    private readonly copies: ReadonlyMap<number, CopyOf>,
    private readonly errors: ReadonlyMap<number, string>,
  ) {
    this.#table = request.context.table;
  }

  story(plan: StoryPlan["stories"][number]): Story {
    const { positions, byStatus, firstAt, lastAt, lastSeq, tasks, taskCount } = plan;
    const workflow = this.#idOf(positions, "workflow");
    return {
      workflow: workflow ?? null,
      firstAt,
      lastAt,
      lastSeq,
      counts: { pushes: positions.length, byStatus },
      tasks: tasks.map((task) => this.#task(task)),
      ...(taskCount > tasks.length ? { more: taskCount - tasks.length } : {}),
    };
  }

  #task(plan: PlannedTask): StoryTask {
    const { positions, byStatus, firstAt, lastAt, lastSeq, subjects, subjectCount, newestState } = plan;
    const { state, total } = (newestState === undefined ? undefined : this.#factsAt(newestState)) ?? {};
    const finishedAt = state === "Finished" ? newestState : undefined;
    const reported = this.#reportedNumbers(plan);
    return {
      task: plan.hasTask ? (this.#idOf(positions, "task") ?? null) : null,
      kind: kindOf(positions.map((at) => this.#table.type(at))),
      counts: { pushes: positions.length, subjects: subjectCount, byStatus },
      firstAt,
      lastAt,
      lastSeq,
      ...(state === undefined ? {} : { state }),
      ...(total === undefined ? {} : { total }),
      ...(total === undefined || reported === undefined ? {} : { reported }),
      notes: notesOf(plan, { finishedAt, total, reported, table: this.#table }),
      subjects: subjects.map((subject) => this.#subject(subject, finishedAt)),
      ...(subjectCount > subjects.length ? { more: subjectCount - subjects.length } : {}),
    };
  }

  /** How many phone numbers of a dialer task have a push of their own; `undefined` if there are too many to read. */
  #reportedNumbers({ contacts }: PlannedTask): number | undefined {
    if (contacts === undefined) return undefined;
    const phones = new Set(contacts.map((at) => this.#factsAt(at)?.phone ?? 0));
    phones.delete(0);
    return phones.size;
  }

  #subject({ shown, count, byStatus }: PlannedTask["subjects"][number], finishedAt: number | undefined): StorySubject {
    const { redactor } = this.request;
    const row = this.#rowAt(shown[0] as number);
    const subject = row?.push.subject;
    let newestTime = Number.NEGATIVE_INFINITY;
    const pushes = shown.flatMap((at): StoryPush[] => {
      const { push } = this.#rowAt(at) ?? {};
      if (push === undefined) return [];
      const { state, result, time = Number.NEGATIVE_INFINITY } = this.#factsAt(at) ?? {};
      const isAfterEnd = finishedAt !== undefined && at > finishedAt && push.type === "dialer.contact";
      const isLate = isAfterEnd || (time < newestTime && time > Number.NEGATIVE_INFINITY);
      newestTime = Math.max(newestTime, time);
      const copy = this.copies.get(push.seq);
      const error = this.errors.get(push.seq);
      return [
        {
          seq: push.seq,
          id: redactor.pushId(push.id),
          type: redactor.type(push.type),
          at: push.at,
          status: this.#table.status(at),
          ...(state === undefined ? {} : { state }),
          ...(result === undefined ? {} : { result }),
          ...(error === undefined ? {} : { error }),
          ...(copy === undefined ? {} : { copy }),
          ...(isLate ? { late: true } : {}),
          ...(isAfterEnd ? { afterEnd: true } : {}),
          ...(push.verified ? { verified: true } : {}),
          ...(push.drift ? { drift: push.drift } : {}),
        },
      ];
    });
    return {
      subject: subject === undefined ? redactor.type(row?.push.type ?? "") : redactor.subject(subject),
      kind: subjectKind(row?.push.type ?? ""),
      byStatus,
      pushes,
      ...(count > shown.length ? { more: count - shown.length } : {}),
    };
  }

  #idOf(positions: Positions, key: "task" | "workflow"): string | undefined {
    const row = this.request.context.store.index.bySeq(this.#table.seq(positions[0] as number));
    const id = row?.push[key];
    return id === undefined ? undefined : this.request.redactor.id(id);
  }

  #rowAt(at: number): Row | undefined {
    return this.rows.get(this.#table.seq(at));
  }

  #factsAt(at: number): Facts | undefined {
    return this.facts.get(this.#table.seq(at));
  }
}

function notesOf(
  { positions, copies }: PlannedTask,
  {
    finishedAt,
    total,
    reported,
    table,
  }: { finishedAt: number | undefined; total: number | undefined; reported: number | undefined; table: PushTable },
): string[] {
  const notes: string[] = [];
  if (finishedAt !== undefined && total !== undefined && reported !== undefined && total > reported)
    notes.push(`task finished, ${numbers(total - reported)} never reported`);
  const late =
    finishedAt === undefined
      ? 0
      : positions.filter((at) => at > finishedAt && table.type(at) === "dialer.contact").length;
  if (late > 0) notes.push(`${pushes(late)} arrived after the task finished`);
  if (copies > 0)
    notes.push(`${pushes(copies)} ${copies === 1 ? "is a copy of an earlier one" : "are copies of earlier ones"}`);
  return notes;
}

function numbers(count: number): string {
  return `${count} ${count === 1 ? "number" : "numbers"}`;
}

function pushes(count: number): string {
  return `${count} ${count === 1 ? "push" : "pushes"}`;
}

function kindOf(types: readonly string[]): StoryTask["kind"] {
  if (types.some((type) => type.startsWith("dialer."))) return "dialer";
  if (types.some((type) => type.startsWith("call."))) return "voicebot";
  if (types.some((type) => type.startsWith("chatbot.") || type.startsWith("waba."))) return "chatbot";
  return "other";
}

function subjectKind(type: string): SubjectKind {
  if (type.startsWith("call.")) return "call";
  if (type === "dialer.contact") return "contact";
  if (type === "dialer.agent") return "agent";
  if (type === "dialer.task") return "task";
  return type.startsWith("workflow.") ? "workflow" : "other";
}
