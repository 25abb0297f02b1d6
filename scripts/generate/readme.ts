import { code, table } from "./markdown.js";
import type { PushFile, PushInfo } from "./schema.js";

const open = "<!-- generated:pushes -->";
const close = "<!-- /generated:pushes -->";

/** Replaces the table of pushes between the markers of a README. Returns a README without markers unchanged. */
export function readmeWith(readme: string, pushes: readonly PushFile[]): string {
  const start = readme.indexOf(open);
  const end = readme.indexOf(close, start);
  if (start < 0 || end < 0) return readme;
  return `${readme.slice(0, start + open.length)}\n\n${pushTable(pushes)}\n${readme.slice(end)}`;
}

/** The table for the README of the package, which does not contain the pages and samples: without links. */
function pushTable(pushes: readonly PushFile[]): string {
  const rows = pushes.map((file) => [`${code(file.push.type)}${formOf(file)}`, ...factsOf(file)]);
  return table(["Type", "Vendor's title", "Provenance", "Signed by"], rows);
}

/** The table for `schemas/pages`, with links to the page and a sample of each push. */
export function pushIndex(pushes: readonly PushFile[]): string {
  const rows = pushes.map((file) => [
    `[${code(file.push.type)}](${file.push.type}.md)${formOf(file)}`,
    ...factsOf(file),
    sampleLink(file),
  ]);
  return table(["Type", "Vendor's title", "Provenance", "Signed by", "Sample"], rows);
}

function formOf({ push }: PushFile): string {
  return push.form ? ` (${push.form})` : "";
}

function factsOf({ push, schema }: PushFile): string[] {
  return [push.title.replaceAll("|", "\\|"), schema["x-provenance"], signedBy(push)];
}

function signedBy({ sign, signRequired }: PushInfo): string {
  if (sign === "none" || sign === "unknown") return sign;
  return signRequired ? code(sign) : `${code(sign)} (inferred)`;
}

function sampleLink({ name, samples }: PushFile): string {
  const vendors = samples.find((sample) => sample.endsWith("/vendor-example.json"));
  const sample = vendors ?? samples.find((each) => !each.includes("/drift-"));
  return sample === undefined ? "-" : `[${name}](../samples/${sample})`;
}
