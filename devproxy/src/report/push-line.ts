import type { PushHead } from "airudder-webhooks/journal";
import type { Redactor } from "../privacy/index.js";
import { duration, safeLine, timeOfDay } from "./format.js";
import type { Screen, Style } from "./screen.js";
import { displayWidth, fitWidth } from "./width.js";

/** Where `listen` prints its lines. */
export type LineOutput = Pick<Screen, "line" | "style" | "width">;

/** A word or text at the end of a line: what is wrong with a push, or other facts about its delivery. */
export interface PushNote {
  text: string;
  style?: Style | undefined;
}

/** What a push is about: a call, an agent, a task or a workflow. */
export interface PushSubject {
  kind: string;
  /** Redacted. */
  id: string;
}

/** The content of the line of a push and its delivery. */
export interface PushLine {
  /** Default: now. */
  at?: Date;
  /** `#12`. */
  name: string;
  type: string;
  subject?: PushSubject | undefined;
  /** Status of the response, `null` if there was none; `undefined` while the app has not responded. */
  status: number | null | undefined;
  /** What the app's receiver reported, such as `handled`. */
  result?: string | undefined;
  isSuccess: boolean;
  ms?: number | undefined;
  /** In the order of importance. */
  notes: readonly PushNote[];
}

/** The number, the type and the subject of a push, redacted. */
export function pushFacts(push: PushHead, redactor: Redactor): Pick<PushLine, "name" | "type" | "subject"> {
  return { name: `#${push.seq}`, type: safeLine(redactor.type(push.type)), subject: subjectOf(push, redactor) };
}

/** What a push is about, redacted. */
function subjectOf(push: PushHead, redactor: Redactor): PushSubject | undefined {
  const shown = (kind: string, id: string) => ({ kind, id: safeLine(redactor.id(id)) });
  const agent = push.type.startsWith("dialer.agent") ? push.subject?.split("|")[1] : undefined;
  if (agent) return shown("agent", agent);
  for (const kind of ["call", "task", "workflow"] as const) {
    const id = push[kind];
    if (id !== undefined) return shown(kind, id);
  }
  return undefined;
}

interface Cell {
  text: string;
  width: number;
  style?: Style;
  alignRight?: boolean;
}

/** Below this number of columns, the line has neither the time nor the duration. */
const MEDIUM = 72;
/** From this number of columns on, the line contains the result and whole words. */
const WIDE = 110;

/** The line of a push and its delivery. It fits the width of a terminal. Other output is not shortened. */
export function pushLine(out: Pick<LineOutput, "style" | "width">, push: PushLine): string {
  const { width } = out;
  const isWide = width === undefined || width >= WIDE;
  const cells = isWide ? wideCells(push, width) : narrowCells(push, width);
  const gap = isWide ? "  " : " ";
  const text = cells
    .map((cell) => {
      const fitted = width === undefined ? cell.text : fitWidth(cell.text, cell.width);
      const styled = cell.style === undefined || fitted === "" ? fitted : out.style(cell.style, fitted);
      const space = " ".repeat(Math.max(0, cell.width - displayWidth(fitted)));
      return cell.alignRight ? space + styled : styled + space;
    })
    .join(gap);
  const notes = isWide ? push.notes : [...resultNotes(push), ...push.notes];
  const used = cells.reduce((sum, cell) => sum + cell.width + gap.length, 0);
  const shown = joinNotes(out, notes, width === undefined ? undefined : width - used);
  return shown === "" ? text.trimEnd() : `${text}${gap}${shown}`;
}

/** The line of a push in one row, such as the last one of the terminal: without time, columns and style. */
export function pushText({ name, type, subject, status, ...push }: PushLine): string {
  const notes = [...resultNotes({ ...push, status }), ...push.notes].map(({ text }) => text);
  const parts = [name, type, subject && shortSubject(subject), statusText(status), notes.join(", ")];
  return parts.filter(Boolean).join("  ");
}

function wideCells(push: PushLine, width: number | undefined): Cell[] {
  const { at, name, type, subject, ms } = push;
  const subjectText = subject === undefined ? "" : `${subject.kind} ${subject.id}`;
  const resultText =
    push.status === null ? "undelivered" : [statusText(push.status), push.result].filter(Boolean).join(" ");
  return [
    { text: timeOfDay(at), width: 8, style: "dim" },
    { text: name, width: 5, style: "bold" },
    { text: type, width: 16 },
    { text: subjectText, width: width !== undefined && width >= 160 ? 41 : 22, style: "cyan" },
    { text: resultText, width: 15, style: resultStyle(push) },
    { text: ms === undefined ? "" : duration(ms), width: 7, alignRight: true, style: "dim" },
  ];
}

function narrowCells(push: PushLine, width: number): Cell[] {
  const { at, name, type, subject, ms } = push;
  const isMedium = width >= MEDIUM;
  const subjectText = subject === undefined ? "" : isMedium ? shortSubject(subject) : shortId(subject.id);
  const cells: Cell[] = [
    { text: name, width: isMedium ? 5 : 4, style: "bold" },
    { text: type, width: isMedium ? 15 : 14 },
    { text: subjectText, width: isMedium ? 14 : 8, style: "cyan" },
    { text: statusText(push.status), width: 3, style: resultStyle(push) },
  ];
  if (!isMedium) return cells;
  const took = ms === undefined ? "" : ms < 1_000 ? `${Math.round(ms)} ms` : duration(ms);
  return [
    { text: timeOfDay(at), width: 8, style: "dim" },
    ...cells,
    { text: took, width: 6, alignRight: true, style: "dim" },
  ];
}

function statusText(status: number | null | undefined): string {
  if (status === undefined) return "...";
  return status === null ? "---" : String(status);
}

function resultStyle({ status, isSuccess, result }: PushLine): Style {
  if (status === undefined) return "yellow";
  if (!isSuccess) return "red";
  return result === "ignored" || result === "quarantined" ? "yellow" : "green";
}

/** A result that the status does not imply, for lines without a column for it. */
function resultNotes({
  status,
  result,
  isSuccess,
  notes,
}: Pick<PushLine, "status" | "result" | "isSuccess" | "notes">): PushNote[] {
  if (status === null) return notes.length > 0 ? [] : [{ text: "undelivered", style: "red" }];
  if (result === undefined || (isSuccess && result === "handled") || (status !== 200 && result === "failed")) return [];
  return [{ text: result, style: isSuccess ? "yellow" : "red" }];
}

/** `call 3f2a91c0` */
function shortSubject({ kind, id }: PushSubject): string {
  return `${kind === "workflow" ? "flow" : kind} ${shortId(id)}`;
}

/** The first part of a UUID, the start of another id, or of the digits of a placeholder. */
function shortId(id: string): string {
  const digits = /^<\w+:(\w+)>$/.exec(id)?.[1] ?? id;
  return digits.slice(0, 8);
}

/** The notes that fit, separated by commas. The last one may be shortened. */
function joinNotes(out: Pick<LineOutput, "style">, notes: readonly PushNote[], max?: number): string {
  let text = "";
  let remaining = max ?? Number.POSITIVE_INFINITY;
  for (const note of notes) {
    const separator = text === "" ? "" : ", ";
    if (remaining <= separator.length + 1) break;
    remaining -= separator.length;
    const shown = max === undefined ? note.text : fitWidth(note.text, remaining);
    remaining -= displayWidth(shown);
    text += separator + (note.style === undefined ? shown : out.style(note.style, shown));
  }
  return text;
}
