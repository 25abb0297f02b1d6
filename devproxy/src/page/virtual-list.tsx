import type { ComponentChildren, JSX, RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

/** Number of rows above and below the visible ones that are also rendered. */
const OVERSCAN = 8;

export interface VirtualListProps {
  id: string;
  label: string;
  role: "grid" | "treegrid";
  /** Number of rows. */
  length: number;
  /** Height of each row, px. */
  rowHeight: number;
  /** Id of the active row's element. */
  activeId?: string | undefined;
  /** Index of the active row. It is scrolled into view when `scrollKey` changes. */
  activeIndex: number;
  scrollKey: string;
  renderRow(index: number): ComponentChildren;
  /** Called with the visible range. */
  onRange(first: number, last: number): void;
  onKeyDown?(event: KeyboardEvent): void;
  isBusy?: boolean;
}

/** A list of rows with a fixed height, of which only the visible ones are in the document. */
export function VirtualList(props: VirtualListProps): JSX.Element {
  const { length, rowHeight, activeIndex, scrollKey, renderRow, onRange } = props;
  const ref = useRef<HTMLDivElement>(null);
  const [height, setHeight] = useState(600);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const element = ref.current as HTMLDivElement;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    setHeight(element.clientHeight);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => scrollIntoView(ref, activeIndex, rowHeight), [scrollKey, rowHeight, height]);
  const first = Math.max(0, Math.floor(top / rowHeight) - OVERSCAN);
  const last = Math.min(length - 1, Math.ceil((top + height) / rowHeight) + OVERSCAN);
  useEffect(() => onRange(first, last), [first, last, length]);
  const rows: ComponentChildren[] = [];
  for (let index = first; index <= last; index++) rows.push(renderRow(index));
  return (
    <div
      class="scroller"
      ref={ref}
      id={props.id}
      role={props.role}
      aria-label={props.label}
      aria-rowcount={length}
      aria-multiselectable="true"
      aria-busy={props.isBusy === true}
      aria-activedescendant={activeIndex >= first && activeIndex <= last ? props.activeId : undefined}
      tabIndex={0}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={props.onKeyDown}
    >
      <div class="spacer" role="rowgroup" style={{ height: `${length * rowHeight}px` }}>
        <div class="window" role="presentation" style={{ transform: `translateY(${first * rowHeight}px)` }}>
          {rows}
        </div>
      </div>
    </div>
  );
}

function scrollIntoView({ current }: RefObject<HTMLDivElement | null>, index: number, rowHeight: number): void {
  if (current === null || index < 0) return;
  const top = index * rowHeight;
  if (top < current.scrollTop) current.scrollTop = top;
  else if (top + rowHeight > current.scrollTop + current.clientHeight)
    current.scrollTop = top + rowHeight - current.clientHeight;
}
