/** Text as a cell of a Markdown table. */
export function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

/** Text as code in a cell of a Markdown table. */
export function code(text: string): string {
  return `\`${cell(text)}\``;
}

/** A line of a Markdown table. */
export function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |\n`;
}
