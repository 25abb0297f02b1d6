/** Text as a cell of a Markdown table. */
export function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

/** Text as code in a cell of a Markdown table. */
export function code(text: string): string {
  return `\`${cell(text)}\``;
}

/** A Markdown table with its columns aligned, as Biome formats it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((cells) => length(cells[column] ?? ""))));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text, column) => text + " ".repeat((widths[column] ?? 0) - length(text))).join(" | ")} |\n`;
  return [head, widths.map((width) => "-".repeat(width)), ...rows].map(line).join("");
}

function length(text: string): number {
  return [...text].length;
}
