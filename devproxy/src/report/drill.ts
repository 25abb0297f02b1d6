import type { DrillReport, DrillResult } from "airudder-webhooks/testing";
import type { Redactor } from "../privacy/index.js";
import { duration, safeLine } from "./format.js";
import type { Screen, Style } from "./screen.js";
import { type Column, type Table, tableOf } from "./table.js";

const STYLES: Record<DrillResult["status"], Style> = { passed: "green", failed: "red", skipped: "yellow" };

/** The table of `drill`. @param names the scenarios, for the width of the first column */
export function drillTable(out: Screen, names: readonly string[]): Table<DrillResult> {
  const columns: Column<DrillResult>[] = [
    { title: "SCENARIO", cell: ({ name }) => name, style: () => "bold" },
    { title: "RESULT", cell: ({ status }) => status, style: ({ status }) => STYLES[status] },
    { title: "BY", cell: ({ by, status }) => (status === "skipped" ? "-" : by), rank: 1 },
    { title: "TIME", cell: ({ ms }) => duration(ms), alignRight: true, rank: 2 },
  ];
  const widest = (name: string): DrillResult => ({
    name,
    status: "skipped",
    by: "responses only",
    reason: "",
    ms: 999_999,
  });
  const passed = (name: string): DrillResult => ({ ...widest(name), status: "passed" });
  return tableOf(
    out,
    columns,
    names.flatMap((name) => [widest(name), passed(name)]),
  );
}

/** The lines below a result in the table: what happened, and what to do. None if the scenario passed without an effect or a note to show. */
export function drillDetails(result: DrillResult, redactor: Redactor): string[] {
  const { status, reason, advice = "", effect } = redactedResult(result, redactor);
  if (status === "passed" && effect === undefined && !reason.includes("Note:")) return [];
  return [reason, advice].filter((text) => text !== "").map((text) => `    ${safeLine(text)}`);
}

/** A result as `drill --json` prints it. */
export function drillJson(result: DrillResult, redactor: Redactor): object {
  return { event: "scenario", ...redactedResult(result, redactor) };
}

/** Redacts the message of an unexpected error. What `--verify` and the app printed was redacted before, and differences of numbers stay. */
export function redactedResult(result: DrillResult, redactor: Redactor): DrillResult {
  if (!result.reason.startsWith("The scenario could not be completed")) return result;
  return { ...result, reason: redactor.text(result.reason) };
}

/** The last line of `drill`. */
export function drillSummary({ passed, failed, skipped, ms }: DrillReport, hasVerify: boolean): string {
  const counts = [`${passed} passed`, `${failed} failed`, `${skipped} skipped`].join(", ");
  const by = hasVerify
    ? ""
    : ". By responses only: with --verify CMD, the drill also detects work that is done twice or lost";
  return `${counts} in ${duration(ms)}${by}.`;
}
