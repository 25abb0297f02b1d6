import type { JSX, Ref } from "preact";
import { useEffect, useImperativeHandle, useMemo, useRef, useState } from "preact/hooks";
import type { FilterQuery, PushRow } from "../api/index.js";
import { type ListCommands, useLive, usePage, useStable, useThrottled } from "./context.js";
import { count, duration, shortId, shortTime, subjectId } from "./format.js";
import { memo } from "./memo.js";
import { PagedPushes } from "./paged-pushes.js";
import { Status, Text } from "./text.js";
import { useWidth } from "./use-width.js";
import { VirtualList } from "./virtual-list.js";

const LINE_PX = 34;
const TWO_LINES_PX = 56;
/** From this width, a push takes one line. */
const ONE_LINE_WIDTH = 780;

export interface ListProps {
  filters: FilterQuery;
  /** Number of the push that is open. */
  open: number | undefined;
  selection: ReadonlySet<number>;
  onSelect(seqs: number[], isSelected: boolean): void;
  onOpen(seq: number): void;
  /** Called with the number of matching pushes (`null` if unknown) and of all pushes. */
  onCounts(matching: number | null, total: number): void;
  onFilter(filters: FilterQuery): void;
  commands: Ref<ListCommands>;
}

/** The plain list: every push, newest first. */
export function PushList(props: ListProps): JSX.Element {
  const { client, reveal } = usePage();
  const { filters, selection, onSelect } = props;
  const [, redraw] = useState(0);
  const [active, setActive] = useState<number | undefined>(props.open);
  const [fresh, setFresh] = useState(0);
  const anchor = useRef<number | undefined>(undefined);
  const top = useRef(0);
  const dirty = useRef(new Set<string>());
  const [width, box] = useWidth<HTMLDivElement>();
  const pushes = useMemo(
    () =>
      new PagedPushes(client, filters, reveal, () => {
        redraw((n) => n + 1);
        if (!pushes.isReady) return;
        props.onCounts(pushes.matching ?? searched.current?.matching ?? null, pushes.total);
        if (pushes.matching === null) void countMatches();
      }),
    [client, filters, reveal],
  );
  const searched = useRef<{ of: PagedPushes; total: number; matching?: number } | undefined>(undefined);
  if (searched.current?.of !== pushes) searched.current = undefined;
  /** A text search stops at the end of a page. The stories count all pushes that match. */
  const countMatches = async () => {
    const { total } = pushes;
    if (searched.current?.total === total) return;
    searched.current = { of: pushes, total };
    try {
      const counted = await client.get<{ matching: number }>("/stories", { ...filters, limit: 1 });
      if (searched.current?.of !== pushes) return;
      searched.current = { of: pushes, total, matching: counted.matching };
      props.onCounts(counted.matching, pushes.total);
    } catch {
      // The list shows the error of its own request.
    }
  };
  useEffect(() => void pushes.reload(), [pushes]);
  useEffect(() => setFresh(0), [pushes]);
  useEffect(() => {
    if (props.open !== undefined) setActive(props.open);
  }, [props.open]);

  const refresh = useThrottled(async () => {
    if (top.current === 0) {
      setFresh(0);
      await pushes.reload();
    }
    const ids = dirty.current;
    dirty.current = new Set();
    const seqs = new Set(pushes.rows().flatMap(({ id, seq }) => (ids.has(id) ? [seq] : [])));
    if (seqs.size > 0 && top.current > 0) await pushes.refresh(seqs);
  }, 400);
  useLive((event) => {
    if (event.event === "push" && top.current > 0) setFresh((n) => n + 1);
    if (event.event === "delivery" && dirty.current.size < 5_000) dirty.current.add(event.push);
    if (event.event === "push" || event.event === "delivery" || event.event === "reload") refresh();
  });

  const activeIndex = active === undefined ? -1 : pushes.indexOf(active);
  const move = (step: number): number | undefined => {
    const index = activeIndex < 0 ? top.current + (top.current > 0 ? 8 : 0) : activeIndex + step;
    const row = pushes.rowAt(Math.max(0, Math.min(pushes.length - 1, index)));
    if (row === undefined) return undefined;
    setActive(row.seq);
    anchor.current = row.seq;
    return row.seq;
  };
  useImperativeHandle(props.commands, () => ({
    move,
    active: () => (activeIndex < 0 ? undefined : active),
    enter: () => active !== undefined && props.onOpen(active),
    focus: () => document.getElementById("list")?.focus(),
    row: (seq) => pushes.rowAt(pushes.indexOf(seq)),
  }));

  const toggle = useStable((seq: number, isRange: boolean) => {
    const isSelected = !selection.has(seq);
    const from = anchor.current === undefined ? -1 : pushes.indexOf(anchor.current);
    const to = pushes.indexOf(seq);
    anchor.current = seq;
    if (!isRange || from < 0) return onSelect([seq], isSelected);
    const seqs: number[] = [];
    for (let index = Math.min(from, to); index <= Math.max(from, to); index++) {
      const row = pushes.rowAt(index);
      if (row !== undefined) seqs.push(row.seq);
    }
    onSelect(seqs, true);
  });
  const click = useStable((event: MouseEvent, row: PushRow) => {
    setActive(row.seq);
    if (event.shiftKey) {
      getSelection()?.removeAllRanges();
      return toggle(row.seq, true);
    }
    if (event.ctrlKey || event.metaKey) return toggle(row.seq, false);
    anchor.current = row.seq;
    props.onOpen(row.seq);
  });

  const isWide = width >= ONE_LINE_WIDTH;
  const rowHeight = isWide ? LINE_PX : TWO_LINES_PX;
  return (
    <div class={`list ${isWide ? "wide" : "narrow"}`} ref={box}>
      {isWide && <Titles />}
      {fresh > 0 && (
        <button
          type="button"
          class="fresh"
          onClick={() => {
            (document.getElementById("list") as HTMLElement).scrollTop = 0;
            setFresh(0);
            refresh();
          }}
        >
          {count(fresh)} new: go to the top
        </button>
      )}
      <ListMessage pushes={pushes} filters={filters} />
      <VirtualList
        id="list"
        role="grid"
        label="Pushes, newest first"
        length={pushes.length}
        rowHeight={rowHeight}
        activeIndex={activeIndex}
        activeId={active === undefined ? undefined : `push-${active}`}
        scrollKey={String(active)}
        isBusy={!pushes.isReady && pushes.error === undefined}
        onRange={(first, last) => {
          top.current = first;
          void pushes.show(first, last);
        }}
        renderRow={(index) => {
          const row = pushes.rowAt(index);
          if (row === undefined) return <Blank key={`blank-${index}`} height={rowHeight} index={index} />;
          return (
            <Row
              key={row.seq}
              row={row}
              index={index}
              height={rowHeight}
              isActive={row.seq === active}
              isOpen={row.seq === props.open}
              isSelected={selection.has(row.seq)}
              onClick={click}
              onToggle={toggle}
            />
          );
        }}
      />
    </div>
  );
}

function ListMessage({ pushes, filters }: { pushes: PagedPushes; filters: FilterQuery }): JSX.Element | null {
  if (pushes.error !== undefined) return <p class="message bad">{pushes.error.message}</p>;
  if (!pushes.isReady) return <p class="message">Loading…</p>;
  if (pushes.length > 0) return null;
  if (pushes.total > 0 || Object.keys(filters).length > 0) return <p class="message">No push matches the filters.</p>;
  return <p class="message">No push yet. Give the public URL to Airudder, or send a test push.</p>;
}

function Titles(): JSX.Element {
  return (
    <div class="row titles" aria-hidden="true">
      <span />
      <span class="number">#</span>
      <span>Received</span>
      <span>Type</span>
      <span>Status</span>
      <span class="number">HTTP</span>
      <span class="number">Took</span>
      <span>Subject</span>
      <span>Notes</span>
    </div>
  );
}

function Blank({ height, index }: { height: number; index: number }): JSX.Element {
  return (
    <div role="row" class="row blank" style={{ height: `${height}px` }} aria-rowindex={index + 1}>
      <span role="gridcell">
        <span class="hidden">Loading</span>
      </span>
    </div>
  );
}

interface RowProps {
  row: PushRow;
  index: number;
  height: number;
  isActive: boolean;
  isOpen: boolean;
  isSelected: boolean;
  onClick(event: MouseEvent, row: PushRow): void;
  onToggle(seq: number, isRange: boolean): void;
}

const Row = memo(function Row({
  row,
  index,
  height,
  isActive,
  isOpen,
  isSelected,
  onClick,
  onToggle,
}: RowProps): JSX.Element {
  const classes = ["row", isActive && "active", isOpen && "open", isSelected && "selected"].filter(Boolean).join(" ");
  const id = row.call ?? row.task ?? row.workflow ?? (row.subject === undefined ? "" : subjectId(row.subject));
  return (
    <div
      role="row"
      id={`push-${row.seq}`}
      class={classes}
      style={{ height: `${height}px` }}
      aria-rowindex={index + 1}
      aria-selected={isSelected}
      onClick={(event) => onClick(event, row)}
    >
      <span role="gridcell" class="check">
        <input
          type="checkbox"
          tabIndex={-1}
          checked={isSelected}
          aria-label={`Select #${row.seq}`}
          onClick={(event) => {
            event.stopPropagation();
            onToggle(row.seq, event.shiftKey);
          }}
        />
      </span>
      <span role="gridcell" class="number seq">
        #{row.seq}
      </span>
      <span role="gridcell" class="time">
        <time dateTime={row.at}>{shortTime(row.at)}</time>
      </span>
      <span role="gridcell" class="type">
        <Text>{row.type}</Text>
      </span>
      <span role="gridcell" class="state">
        <Status status={row.status} />
      </span>
      <span role="gridcell" class="number http">
        {row.delivery === null ? "–" : (row.delivery.status ?? "none")}
      </span>
      <span role="gridcell" class="number took">
        {row.delivery === null ? "" : duration(row.delivery.ms)}
      </span>
      <span role="gridcell" class="subject">
        <Text title={id}>{shortId(id)}</Text>
      </span>
      <span role="gridcell" class="notes">
        <Notes row={row} />
      </span>
    </div>
  );
});

function Notes({ row }: { row: PushRow }): JSX.Element {
  const notes = [
    row.copy && `copy ${row.copy.index} of ${row.copy.count}`,
    row.drift > 0 && `drift ${row.drift}`,
    row.delivery?.late && "late",
    row.imported && "imported",
    (row.source === "trigger" || row.source === "drill") && row.source,
  ].filter((note) => typeof note === "string");
  return (
    <>
      {notes.map((note) => (
        <span key={note} class="note">
          {note}
        </span>
      ))}
      {row.error !== undefined && (
        <span class="reason">
          <Text title={row.error}>{row.error.slice(0, 200)}</Text>
        </span>
      )}
    </>
  );
}
