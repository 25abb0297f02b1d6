import { code, table } from "./markdown.js";
import type { PushFile, PushInfo } from "./schema.js";

const open = "<!-- generated:pushes -->";
const close = "<!-- /generated:pushes -->";

/** The README with its table of pushes made anew; unchanged when the markers are not there. */
export function readmeWith(readme: string, pushes: readonly PushFile[]): string {
  const start = readme.indexOf(open);
  const end = readme.indexOf(close, start);
  if (start < 0 || end < 0) return readme;
  return `${readme.slice(0, start + open.length)}\n\n${pushTable(pushes)}\n${readme.slice(end)}`;
}

function pushTable(pushes: readonly PushFile[]): string {
  const head = ["Type", "Vendor's title", "Provenance", "Signed by", "Sample"];
  const rows = pushes.map(({ name, push, schema, samples }) => [
    `[${code(push.type)}](schemas/pages/${push.type}.md)${push.form ? ` (${push.form})` : ""}`,
    push.title.replaceAll("|", "\\|"),
    schema["x-provenance"],
    signedBy(push),
    sampleLink(name, samples),
  ]);
  return table(head, rows);
}

function signedBy({ sign, signRequired }: PushInfo): string {
  if (sign === "none" || sign === "unknown") return sign;
  return signRequired ? code(sign) : `${code(sign)} (inferred)`;
}

function sampleLink(name: string, samples: readonly string[]): string {
  const vendors = samples.find((sample) => sample.endsWith("/vendor-example.json"));
  const sample = vendors ?? samples.find((each) => !each.includes("/drift-"));
  return sample === undefined ? "-" : `[${name}](schemas/samples/${sample})`;
}
