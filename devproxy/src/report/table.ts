import type { Screen, Style } from "./screen.js";
import { displayWidth, fitWidth, padWidth } from "./width.js";

/** A column of a table. */
export interface Column<T> {
  readonly title: string;
  /** The cell of a row, on one line. */
  cell(row: T): string;
  /** A shorter cell for a narrow terminal. */
  short?(row: T): string;
  style?(row: T): Style | undefined;
  readonly alignRight?: boolean;
  /** On a narrow terminal, cells are truncated to this width, with an ellipsis. Default: cells are not truncated. */
  readonly minWidth?: number;
  /** Columns that do not fit a narrow terminal are omitted, the lowest rank first. A column without a rank is never omitted. */
  readonly rank?: number;
}

/** A table whose rows are printed one by one. */
export interface Table<T> {
  readonly header: string;
  line(row: T): string;
}

interface FittedColumn<T> extends Column<T> {
  width: number;
  isShort: boolean;
}

const GAP = "  ";

/**
 * Lays out a table without its empty columns. Lines fit the width of a terminal. Other output is not shortened, so that programs can read it.
 * @param indent number of columns that the caller prints before each line
 */
export function tableOf<T>(out: Screen, columns: readonly Column<T>[], rows: readonly T[], indent = 0): Table<T> {
  const fitted = fitColumns(columns, rows, out.width === undefined ? undefined : out.width - indent);
  const line = (
    textOf: (column: FittedColumn<T>) => string,
    style: (column: FittedColumn<T>) => Style | undefined,
  ): string =>
    fitted
      .map((column) => {
        const text = fitWidth(textOf(column), column.width);
        const styled = style(column);
        const padded = padWidth(text, column.width, column.alignRight);
        return styled === undefined ? padded : padded.replace(text, () => out.style(styled, text));
      })
      .join(GAP)
      .trimEnd();
  return {
    header: line(
      ({ title }) => title,
      () => "dim",
    ),
    line: (row) =>
      line(
        (column) => cellOf(column, row),
        (column) => column.style?.(row),
      ),
  };
}

function fitColumns<T>(
  columns: readonly Column<T>[],
  rows: readonly T[],
  limit = Number.POSITIVE_INFINITY,
): FittedColumn<T>[] {
  const used = columns.filter((column) => rows.length === 0 || rows.some((row) => column.cell(row) !== ""));
  const fitted = used.map((column) => withWidth({ ...column, width: 0, isShort: false }, rows));
  if (lineWidth(fitted, ({ width }) => width) <= limit) return fitted;
  let visible = fitted.map((column) =>
    column.short === undefined ? column : withWidth({ ...column, width: 0, isShort: true }, rows),
  );
  const byRank = visible.toSorted((a, b) => rankOf(a) - rankOf(b));
  for (const column of byRank) {
    if (lineWidth(visible, minWidthOf) <= limit || column.rank === undefined) break;
    visible = visible.filter((other) => other !== column);
  }
  let spare = limit - lineWidth(visible, minWidthOf);
  for (const column of byRank.filter((each) => visible.includes(each)).reverse()) {
    const min = minWidthOf(column);
    const extra = Math.max(0, Math.min(column.width - min, spare));
    column.width = min + extra;
    spare -= extra;
  }
  return visible;
}

function rankOf<T>({ rank = Number.MAX_VALUE }: Column<T>): number {
  return rank;
}

function minWidthOf<T>({ width, minWidth = width }: FittedColumn<T>): number {
  return Math.min(width, minWidth);
}

/** Width of a line. */
function lineWidth<T>(columns: readonly FittedColumn<T>[], widthOf: (column: FittedColumn<T>) => number): number {
  return columns.reduce((sum, column) => sum + widthOf(column) + GAP.length, -GAP.length);
}

function withWidth<T>(column: FittedColumn<T>, rows: readonly T[]): FittedColumn<T> {
  let width = column.title.length;
  for (const row of rows) width = Math.max(width, displayWidth(cellOf(column, row)));
  return { ...column, width };
}

function cellOf<T>(column: FittedColumn<T>, row: T): string {
  return column.isShort && column.short !== undefined ? column.short(row) : column.cell(row);
}
