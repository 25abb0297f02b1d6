import { escapeControls, localTime, pushCount, type Style, safeLine, withSeparators } from "../report/index.js";
import type { DriftGroup } from "./group.js";
import type { DriftSummary } from "./summary.js";

const MAX_VALUES = 10;
const MAX_VALUE_LENGTH = 60;

/** Returns a summary as `--json` prints it, one object per line. */
export function driftEvents({ groups, patches }: DriftSummary): object[] {
  return [
    ...groups.map((group) => ({ event: "drift", ...group })),
    ...patches.map((patch) => ({ event: "patch", ...patch })),
  ];
}

/** Returns the line about the pushes that a summary leaves out, if any. */
export function leftOutLines({ replays }: DriftSummary): string[] {
  return replays === 0 ? [] : [`${withSeparators(replays)} left out: replays and test pushes`];
}

type Styler = (name: Style, text: string) => string;

/** Returns a summary as lines for a terminal. `style` styles parts of them; default: no colours. */
export function driftLines(summary: DriftSummary, style: Styler = (_, text) => text): string[] {
  return [...allGroupLines(summary, style), ...patchLines(summary, style), totalLine(summary, style)];
}

/** Returns the lines of a summary without patches, for users of the package, who cannot change its schemas. */
export function driftLinesWithoutPatches(summary: DriftSummary, style: Styler): string[] {
  const hint =
    "The schemas are part of airudder-webhooks. Report the drift there. --json prints schema patches to attach.";
  const hints = summary.patches.length === 0 ? [] : [hint, ""];
  return [...allGroupLines(summary, style), ...hints, totalLine(summary, style)];
}

function allGroupLines({ groups }: DriftSummary, style: Styler): string[] {
  return groups.flatMap((group) => [...groupLines(group, style), ""]);
}

function patchLines({ patches }: DriftSummary, style: Styler): string[] {
  return patches.flatMap(({ file, patch }) => [
    style("bold", `Schema patch, ${file}:`),
    "[",
    ...patch.map((operation, i) => `  ${printable(operation)}${i === patch.length - 1 ? "" : ","}`),
    "]",
    "",
  ]);
}

function totalLine(summary: DriftSummary, style: Styler): string {
  return style("dim", [totals(summary), ...leftOutLines(summary)].join("; "));
}

function groupLines(group: DriftGroup, style: Styler): string[] {
  const { type, path, kind, count, first, last, expected, uncovered } = group;
  const named = `${group.pushes.join(", ")}${count > group.pushes.length ? ", ..." : ""}`;
  const seen = first === last ? localTime(first) : `${localTime(first)} to ${localTime(last)}`;
  return [
    `${style("bold", type)}  ${style("cyan", safeLine(path))}  ${style("yellow", kind.replace("_", " "))}  ${pushCount(count)}`,
    `  ${style("dim", "expected")}  ${safeLine(expected)}`,
    `  ${style("dim", "got")}       ${gotText(group)}`,
    `  ${style("dim", "seen")}      ${seen}, ${named}`,
    ...(uncovered === undefined ? [] : [`  ${style("dim", "left out")}  of the schema patch: ${uncovered}`]),
  ];
}

function gotText({ kind, got, values, hidden }: DriftGroup): string {
  if (kind === "missing_field") return "nothing";
  const shown = values.slice(0, MAX_VALUES).map((value) => shorten(printable(value)));
  const others = values.length - shown.length + hidden;
  if (shown.length === 0) return got.join(" or ");
  return `${got.join(" or ")}: ${shown.join(", ")}${others === 0 ? "" : ` and ${others} more`}`;
}

function shorten(text: string): string {
  return text.length <= MAX_VALUE_LENGTH ? text : `${text.slice(0, MAX_VALUE_LENGTH)}...`;
}

/** Returns equivalent JSON without characters that control a terminal. */
function printable(value: unknown): string {
  return escapeControls(JSON.stringify(value));
}

function totals({ pushes: all, drifting, withoutSchema, groups }: DriftSummary): string {
  const drift =
    drifting === 0
      ? `no drift in ${pushCount(all)}`
      : `${groups.length} ${groups.length === 1 ? "drift" : "drifts"} in ${withSeparators(drifting)} of ${pushCount(all)}`;
  return withoutSchema === 0 ? drift : `${drift}; ${withSeparators(withoutSchema)} of an unknown type`;
}
