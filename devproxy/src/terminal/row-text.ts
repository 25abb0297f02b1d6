import { displayWidth, fitWidth, type LineOutput, type Style, withSeparators } from "../report/index.js";

/** What the last row shows. */
export interface RowState {
  tunnel: string;
  appIsUp: boolean;
  /** Number of pushes that wait for the app. */
  waiting: number;
  /** Number of pushes that the app has not responded to for more than a second. */
  slow: number;
  failedOnly: boolean;
  /** Progress of a replay from the keyboard. `waitingFor` is the number of the push that the app has not responded to. */
  replay?: { sent: number; total: number; waitingFor?: number | undefined } | undefined;
  /** A question or a state in place of everything else, such as `stopping...`. */
  prompt?: string | undefined;
  /** The selected push, on one line. */
  selected?: string | undefined;
}

interface Part {
  text: string;
  style?: Style;
}

interface Key {
  key: string;
  label: string;
  rank: number;
}

const MAX_RANK = 9;

/** The keys in the order in which they are shown. Those with the lowest rank are omitted first if the terminal is narrow. */
const KEYS: readonly Key[] = [
  { key: "h", label: "help", rank: 8 },
  { key: "r", label: "replay", rank: 6 },
  { key: "R", label: "replay failed", rank: 5 },
  { key: "o", label: "open", rank: 3 },
  { key: "f", label: "failed only", rank: 4 },
  { key: "c", label: "copy URL", rank: 1 },
  { key: "up/down", label: "select", rank: 0 },
  { key: "q", label: "quit", rank: 7 },
];

/** Keys with a lower rank are omitted before `r` and `R` are shown as one. */
const MIN_SEPARATE = 2;

const GAP = "  ";

/** If the selected push has to be shortened to fewer columns, its keys are not shown. */
const MIN_SELECTED = 70;

/** The last row. It is narrower than the terminal. */
export function rowText(out: Pick<LineOutput, "style" | "width">, state: RowState): string {
  const max = (out.width ?? 80) - 1;
  const { prompt, selected } = state;
  if (prompt !== undefined) return out.style("yellow", fitWidth(prompt, max));
  if (selected !== undefined) return selectedRow(out, selected, max);
  const parts = [...stateParts(state), ...replayParts(state)];
  const width = widthOf(parts);
  if (width > max) return fitWidth(parts.map(({ text }) => text).join(GAP), max);
  const keys = keysThatFit(max - width - GAP.length, state);
  return [...parts, ...keys].map(({ text, style }) => (style === undefined ? text : out.style(style, text))).join(GAP);
}

/** The selected push, and the keys for it if there is room. */
function selectedRow(out: Pick<LineOutput, "style">, selected: string, max: number): string {
  const keys = "r replay  o open  Esc back";
  const text = `> ${selected}`;
  const room = max - keys.length - GAP.length;
  if (room < MIN_SELECTED && displayWidth(text) > room) return out.style("bold", fitWidth(text, max));
  return `${out.style("bold", fitWidth(text, room))}${GAP}${out.style("dim", keys)}`;
}

function stateParts({ tunnel, appIsUp, waiting, slow, failedOnly, replay }: RowState): Part[] {
  const tunnelStyle: Style = tunnel === "up" ? "green" : tunnel === "off" ? "dim" : "yellow";
  const parts: Part[] = [
    { text: tunnel === "off" ? "no tunnel" : `tunnel ${tunnel}`, style: tunnelStyle },
    appIsUp ? { text: "app up", style: "green" } : { text: "app down", style: "red" },
  ];
  if (waiting > 0 || replay === undefined)
    parts.push({ text: `queue ${withSeparators(waiting)}`, style: waiting > 0 ? "yellow" : "dim" });
  if (slow > 0) parts.push({ text: `${withSeparators(slow)} slow`, style: "yellow" });
  if (failedOnly) parts.push({ text: "failed only", style: "yellow" });
  return parts;
}

function replayParts({ replay }: RowState): Part[] {
  if (replay === undefined) return [];
  const { sent, total, waitingFor } = replay;
  const waiting = waitingFor === undefined ? "" : `, waiting for #${waitingFor}`;
  return [{ text: `replay ${withSeparators(sent)}/${withSeparators(total)}${waiting}`, style: "cyan" }];
}

/** The keys that fit: with all labels, with some, or without. */
function keysThatFit(room: number, state: RowState): Part[] {
  const keys = keysOf(state);
  for (let omitted = 0; omitted <= MAX_RANK; omitted++) {
    const shown = keys.filter(({ rank }) => rank >= omitted);
    for (const some of omitted < MIN_SEPARATE ? [shown] : [shown, joined(shown)]) {
      const parts = some.map(({ key, label }): Part => ({ text: `${key} ${label}`, style: "dim" }));
      if (parts.length > 0 && widthOf(parts) <= room) return parts;
    }
  }
  return [];
}

/** The keys that have an effect now. */
function keysOf({ failedOnly, replay }: RowState): readonly Key[] {
  const keys = KEYS.map((one) => (one.key === "f" && failedOnly ? { ...one, label: "all" } : one));
  if (replay === undefined) return keys;
  return [{ key: "Esc", label: "stop", rank: MAX_RANK }, ...keys.filter(({ label }) => !label.startsWith("replay"))];
}

/** The keys with `r` and `R` as one. */
function joined(keys: readonly Key[]): Key[] {
  return keys.filter(({ key }) => key !== "R").map((one) => (one.key === "r" ? { ...one, key: "r/R" } : one));
}

function widthOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { text }) => sum + displayWidth(text) + GAP.length, -GAP.length);
}
