import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Marker after a heading of README.md: names the packages whose README contains this section. */
const MARKER = /^<!-- packages: (.+) -->\n+/;

/** Writes the README.md of a package: its name, its description, and the marked sections of the repository's README. */
export function writePackageReadme(readme: string, folder: string): void {
  const { name, description } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<
    string,
    string
  >;
  const sections = readFileSync(readme, "utf8")
    .split(/^(?=## )/m)
    .flatMap((section) => {
      const [heading = "", body = ""] = split(section);
      const packages = MARKER.exec(body)?.[1]?.split(" ") ?? [];
      return packages.includes(name as string) ? [`${heading}\n\n${body.replace(MARKER, "")}`] : [];
    });
  if (sections.length === 0) throw new Error(`No section of ${readme} is marked <!-- packages: ${name} -->.`);
  const text = [`# ${name}`, description, ...sections.map((section) => section.trim())].join("\n\n");
  writeFileSync(join(folder, "README.md"), `${withoutRelativeLinks(text)}\n`);
}

function split(section: string): string[] {
  const end = section.indexOf("\n");
  return [section.slice(0, end), section.slice(end).trimStart()];
}

/** Replaces relative links by their text, because they do not work on npm. Code is not changed. */
function withoutRelativeLinks(markdown: string): string {
  return markdown.replace(
    /(```[\s\S]*?```|`[^`\n]*`)|\[([^\]]+)\]\((?!https?:)[^)\s]+\)/g,
    (_, code, text) => code ?? text,
  );
}
