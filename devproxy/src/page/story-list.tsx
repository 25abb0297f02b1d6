import type { JSX } from "preact";
import { useEffect, useImperativeHandle, useMemo, useRef, useState } from "preact/hooks";
import type { Status as StatusName, StoriesResponse, Story, StoryPush, StorySubject } from "../api/index.js";
import { useLive, usePage, useStable, useThrottled } from "./context.js";
import { counted, shortId, shortTime, statusTone, subjectId, visibleText } from "./format.js";
import { memo } from "./memo.js";
import type { ListProps } from "./push-list.js";
import { type StoryRow, statusList, storyRows } from "./story-rows.js";
import { Status, Text } from "./text.js";
import { VirtualList } from "./virtual-list.js";

const ROW_PX = 34;
const PAGE_STORIES = 20;
/** Maximum number of stories in memory. */
const MAX_STORIES = 100;

/** The stories: workflow, task, then agent or call, with their pushes in order. */
export function StoryList(props: ListProps): JSX.Element {
  const { client, reveal } = usePage();
  const { filters, selection, onSelect } = props;
  const [stories, setStories] = useState<Story[]>();
  const [next, setNext] = useState<number | null>(null);
  const [error, setError] = useState<string>();
  const [isStale, setStale] = useState(false);
  const [open, setOpen] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [active, setActive] = useState<string | undefined>(props.open === undefined ? undefined : `p:${props.open}`);
  const anchor = useRef<string | undefined>(undefined);
  const top = useRef(0);
  const isLoadingMore = useRef(false);
  const rows = useMemo(() => storyRows(stories ?? [], open), [stories, open]);
  const current = useRef({ stories, filters, reveal });
  current.current = { stories, filters, reveal };

  const request = (before?: number) =>
    client.get<StoriesResponse>("/stories", { ...filters, before, limit: PAGE_STORIES, reveal } as Record<
      string,
      string | number | boolean | undefined
    >);
  const load = async (isForced: boolean) => {
    try {
      const response = await request();
      if (current.current.filters !== filters || current.current.reveal !== reveal) return;
      props.onCounts(response.matching, response.total);
      setError(undefined);
      // While the reader is further down, only changes that do not move the lines are shown.
      const before = (current.current.stories ?? []).map(({ workflow }) => workflow).join();
      const isMoved = !before.startsWith(response.stories.map(({ workflow }) => workflow).join());
      if (!isForced && isMoved && top.current > 0) return setStale(true);
      setStale(false);
      setStories(response.stories);
      setNext(response.next);
    } catch (problem) {
      setError((problem as Error).message);
    }
  };
  useEffect(() => void load(true), [client, filters, reveal]);
  const refresh = useThrottled(() => load(false), 600);
  useLive(({ event }) => {
    if (event === "push" || event === "delivery" || event === "reload") refresh();
  });
  const loadMore = async () => {
    if (next === null || isLoadingMore.current) return;
    isLoadingMore.current = true;
    try {
      const response = await request(next);
      setStories((known = []) => [...known, ...response.stories].slice(-MAX_STORIES));
      setNext(response.next);
    } catch (problem) {
      setError((problem as Error).message);
    } finally {
      isLoadingMore.current = false;
    }
  };

  useEffect(() => {
    if (props.open !== undefined) setActive(`p:${props.open}`);
  }, [props.open]);
  const activeIndex = active === undefined ? -1 : rows.findIndex(({ key }) => key === active);
  const row = rows[activeIndex];
  const toggle = (one: StoryRow, isOpen = !("isOpen" in one && one.isOpen)) => {
    if ("isOpen" in one) setOpen(new Map(open).set(one.key, isOpen));
  };
  const enter = (one: StoryRow | undefined = row) => {
    if (one?.kind === "push") props.onOpen(one.push.seq);
    else if (one?.kind === "more") props.onFilter(one.filters);
    else if (one !== undefined) toggle(one);
  };
  useImperativeHandle(props.commands, () => ({
    move: (step) => {
      const target = rows[Math.max(0, Math.min(rows.length - 1, activeIndex < 0 ? 0 : activeIndex + step))];
      setActive(target?.key);
      anchor.current = target?.key;
      return target?.kind === "push" ? target.push.seq : undefined;
    },
    active: () => (row?.kind === "push" ? row.push.seq : undefined),
    enter: () => enter(),
    focus: () => document.getElementById("list")?.focus(),
  }));
  const select = useStable((one: StoryRow, isRange: boolean) => {
    if (one.kind !== "push") return;
    const from = rows.findIndex(({ key }) => key === anchor.current);
    const to = rows.indexOf(one);
    anchor.current = one.key;
    if (!isRange || from < 0) return onSelect([one.push.seq], !selection.has(one.push.seq));
    const range = rows.slice(Math.min(from, to), Math.max(from, to) + 1);
    onSelect(
      range.flatMap((each) => (each.kind === "push" ? [each.push.seq] : [])),
      true,
    );
  });
  const click = useStable((event: MouseEvent, one: StoryRow) => {
    setActive(one.key);
    if (event.shiftKey || event.ctrlKey || event.metaKey) {
      getSelection()?.removeAllRanges();
      return select(one, event.shiftKey);
    }
    anchor.current = one.key;
    enter(one);
  });

  return (
    <div class="list stories">
      {isStale && (
        <button
          type="button"
          class="fresh"
          onClick={() => {
            (document.getElementById("list") as HTMLElement).scrollTop = 0;
            void load(true);
          }}
        >
          New pushes: go to the top
        </button>
      )}
      {error !== undefined && <p class="message bad">{error}</p>}
      {error === undefined && stories === undefined && <p class="message">Loading…</p>}
      {stories?.length === 0 && (
        <p class="message">
          {Object.keys(filters).length > 0
            ? "No push matches the filters."
            : "No push yet. Give the public URL to Airudder, or send a test push."}
        </p>
      )}
      <VirtualList
        id="list"
        role="treegrid"
        label="Stories: workflows, tasks, calls and their pushes"
        length={rows.length}
        rowHeight={ROW_PX}
        activeIndex={activeIndex}
        activeId={row && rowId(row)}
        scrollKey={active ?? ""}
        isBusy={stories === undefined && error === undefined}
        onRange={(first, last) => {
          top.current = first;
          if (last >= rows.length - 10) void loadMore();
        }}
        onKeyDown={({ key }) => {
          if (row !== undefined && (key === "ArrowRight" || key === "ArrowLeft")) toggle(row, key === "ArrowRight");
        }}
        renderRow={(index) => {
          const one = rows[index];
          if (one === undefined) return null;
          const seq = one.kind === "push" ? one.push.seq : undefined;
          return (
            <Row
              key={one.key}
              row={one}
              index={index}
              isActive={index === activeIndex}
              isOpenPush={seq !== undefined && seq === props.open}
              isSelected={seq !== undefined && selection.has(seq)}
              onClick={click}
              onSelect={select}
            />
          );
        }}
      />
    </div>
  );
}

function rowId({ key }: StoryRow): string {
  return `row-${key.replace(/[^\w:-]/g, (character) => `_${character.charCodeAt(0)}`)}`;
}

interface RowProps {
  row: StoryRow;
  index: number;
  isActive: boolean;
  isOpenPush: boolean;
  isSelected: boolean;
  onClick(event: MouseEvent, row: StoryRow): void;
  onSelect(row: StoryRow, isRange: boolean): void;
}

const Row = memo(function Row({
  row,
  index,
  isActive,
  isOpenPush,
  isSelected,
  onClick,
  onSelect,
}: RowProps): JSX.Element {
  const classes = [
    "row",
    row.kind,
    `level${row.level}`,
    isActive && "active",
    isOpenPush && "open",
    isSelected && "selected",
  ];
  return (
    <div
      role="row"
      id={rowId(row)}
      class={classes.filter(Boolean).join(" ")}
      style={{ height: `${ROW_PX}px` }}
      aria-level={row.level}
      aria-rowindex={index + 1}
      aria-expanded={"isOpen" in row ? row.isOpen : undefined}
      aria-selected={row.kind === "push" ? isSelected : undefined}
      onClick={(event) => onClick(event, row)}
    >
      <span role="gridcell" class="check">
        {row.kind === "push" ? (
          <input
            type="checkbox"
            tabIndex={-1}
            checked={isSelected}
            aria-label={`Select #${row.push.seq}`}
            onClick={(event) => {
              event.stopPropagation();
              onSelect(row, event.shiftKey);
            }}
          />
        ) : (
          "isOpen" in row && <span class={row.isOpen ? "arrow down" : "arrow"} aria-hidden="true" />
        )}
      </span>
      <Content row={row} />
    </div>
  );
});

function Content({ row }: { row: StoryRow }): JSX.Element {
  switch (row.kind) {
    case "story":
      return <StoryLine story={row.story} />;
    case "task":
      return <TaskLine row={row} />;
    case "subject":
      return <SubjectLine subject={row.subject} />;
    case "push":
      return <PushLine push={row.push} subject={row.subject} />;
    case "more":
      return (
        <span role="gridcell" class="link grow">
          {row.text}: show in the list
        </span>
      );
  }
}

function StoryLine({ story }: { story: Story }): JSX.Element {
  const { workflow, counts, lastAt } = story;
  return (
    <>
      <span role="gridcell" class="name">
        {workflow === null ? "No workflow" : "Workflow "}
        {workflow !== null && (
          <span class="mono">
            <FilterId name="workflow" id={workflow} />
          </span>
        )}
      </span>
      <span role="gridcell" class="grow muted">
        {counted(counts.pushes, "push", "pushes")}
      </span>
      <Statuses counts={counts.byStatus} />
      <span role="gridcell" class="time">
        <time dateTime={lastAt}>{shortTime(lastAt)}</time>
      </span>
    </>
  );
}

/** An id that becomes a filter when it is clicked. */
function FilterId({ name, id }: { name: "task" | "workflow"; id: string }): JSX.Element {
  const { filter } = usePage();
  return (
    <button
      type="button"
      class="link id"
      tabIndex={-1}
      aria-label={`Show only ${name} ${shortId(id)}`}
      onClick={(event) => {
        event.stopPropagation();
        filter({ [name]: id });
      }}
    >
      <Text title={id}>{shortId(id)}</Text>
    </button>
  );
}

const TASK_NAMES = { dialer: "Dialer", voicebot: "Voicebot", chatbot: "Chatbot", other: "Other" };

function TaskLine({ row: { task } }: { row: StoryRow & { kind: "task" } }): JSX.Element {
  const isWithoutTask = task.task === null;
  return (
    <>
      <span role="gridcell" class="name">
        {isWithoutTask ? "Without a task" : `${TASK_NAMES[task.kind]} task `}
        {task.task !== null && (
          <span class="mono">
            <FilterId name="task" id={task.task} />
          </span>
        )}
      </span>
      <span role="gridcell" class="grow muted">
        {task.state !== undefined && (
          <span class="state-word">
            state: <Text>{task.state}</Text>
          </span>
        )}
        {task.total !== undefined && ` ${task.reported ?? 0} of ${task.total} numbers `}
        {task.total === undefined && !isWithoutTask && ` ${counted(task.counts.subjects, "subject")} `}
        {task.notes.map((note) => (
          <span key={note} class="note warn">
            {visibleText(note)}
          </span>
        ))}
      </span>
      <Statuses counts={task.counts.byStatus} />
      <span role="gridcell" class="time">
        <time dateTime={task.lastAt}>{shortTime(task.lastAt)}</time>
      </span>
    </>
  );
}

const KIND_NAMES: Record<string, string> = {
  call: "Call",
  agent: "Agent",
  contact: "Contact",
  task: "Task",
  workflow: "Workflow",
  other: "Other",
};

function SubjectLine({ subject }: { subject: StorySubject }): JSX.Element {
  const states = subject.pushes.map(({ state, type }) => state || type);
  return (
    <>
      <SubjectName subject={subject} />
      <span role="gridcell" class="grow muted">
        {subject.more ? `${subject.more} earlier … ` : ""}
        {subject.pushes.some(({ state }) => state) && `${subject.kind === "call" ? "call" : "state"}: `}
        {states.map((state, index) => (
          <span key={index}>
            {index > 0 && <span class="then"> → </span>}
            <Text>{state}</Text>
          </span>
        ))}
      </span>
      <Statuses counts={subject.byStatus} />
      <span role="gridcell" class="time">
        <time dateTime={subject.pushes.at(-1)?.at}>{shortTime(subject.pushes.at(-1)?.at ?? "")}</time>
      </span>
    </>
  );
}

function SubjectName({ subject }: { subject: StorySubject }): JSX.Element {
  const id = subjectId(subject.subject);
  return (
    <span role="gridcell" class="name">
      {KIND_NAMES[subject.kind] ?? "Other"}{" "}
      <span class="mono">
        <Text title={id}>{shortId(id)}</Text>
      </span>
    </span>
  );
}

function PushLine({ push, subject }: { push: StoryPush; subject: StorySubject | undefined }): JSX.Element {
  return (
    <>
      {subject !== undefined && <SubjectName subject={subject} />}
      <span role="gridcell" class="number seq">
        #{push.seq}
      </span>
      <span role="gridcell" class="grow">
        <span class="type">
          <Text>{push.type}</Text>
        </span>
        {push.error !== undefined && (
          <span class="reason">
            <Text title={push.error}>{push.error.slice(0, 200)}</Text>
          </span>
        )}
        {push.copy && (
          <span class="note warn">
            copy {push.copy.index} of {push.copy.count}
          </span>
        )}
        {push.late && (
          <span class="note warn">
            {push.afterEnd ? "arrived after the task finished" : "arrived after a newer push"}
          </span>
        )}
        {push.state ? (
          <span class="state-word">
            {push.type.startsWith("call.") ? "call" : "state"}: <Text>{push.state}</Text>
          </span>
        ) : null}
        {push.drift ? <span class="note">drift {push.drift}</span> : null}
      </span>
      <span role="gridcell" class="state">
        <Status status={push.status} />
      </span>
      <span role="gridcell" class="time">
        <time dateTime={push.at}>{shortTime(push.at)}</time>
      </span>
    </>
  );
}

function Statuses({ counts }: { counts: Partial<Record<StatusName, number>> }): JSX.Element {
  return (
    <span role="gridcell" class="state">
      {statusList(counts)
        .slice(0, 3)
        .map(([status, number]) => (
          <span key={status} class={`status ${statusTone(status)}`}>
            <span class="dot" aria-hidden="true" />
            {number} {status}
          </span>
        ))}
    </span>
  );
}
