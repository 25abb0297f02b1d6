import type { DrillReport, DrillResult } from "airudder-webhooks/testing";

/** A report as JUnit XML, which CI systems read. */
export function junitXml({ results, failed, skipped, ms }: DrillReport): string {
  const counts = `tests="${results.length}" failures="${failed}" errors="0" skipped="${skipped}" time="${seconds(ms)}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="airudder-devproxy drill" ${counts}>`,
    ...results.map(testCase),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function testCase({ name, status, by, reason, advice = "", ms }: DrillResult): string {
  const start = `    <testcase classname="airudder-devproxy drill" name="${escapeXml(name)}" time="${seconds(ms)}">`;
  const properties = `<properties><property name="by" value="${by}"/></properties>`;
  const result = {
    passed: `<system-out>${escapeXml(reason)}</system-out>`,
    failed: `<failure message="${escapeXml(reason)}">${escapeXml(advice)}</failure>`,
    skipped: `<skipped message="${escapeXml(`${reason} ${advice}`)}"/>`,
  }[status];
  return `${start}${properties}${result}</testcase>`;
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(3);
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };

/** XML cannot contain most control characters, nor lone surrogates. */
function escapeXml(text: string): string {
  return text
    .replace(/\p{Cs}/gu, "\ufffd")
    .replace(/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]+/g, " ")
    .replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
}
