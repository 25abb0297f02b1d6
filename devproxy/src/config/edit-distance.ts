/** Edit distance: number of letters to add, remove, replace or swap with their neighbour to turn one word into the other. */
export function editDistance(one: string, other: string): number {
  const rows = [Array.from({ length: other.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= one.length; row++) {
    const before = rows[row - 1] as number[];
    const now = [row];
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1];
      const steps = [before[column] as number, now[column - 1] as number].map((steps) => steps + 1);
      const isSwapped =
        row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      if (isSwapped) steps.push((rows[row - 2]?.[column - 2] as number) + 1);
      now.push(Math.min(...steps, (before[column - 1] as number) + (isSame ? 0 : 1)));
    }
    rows.push(now);
  }
  return rows.at(-1)?.at(-1) as number;
}
