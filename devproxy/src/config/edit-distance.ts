/** Edit distance: number of letters to add, remove, replace or swap with their neighbour to turn one word into the other. */
export function editDistance(one: string, other: string): number {
  const rows = [Array.from({ length: other.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= one.length; row++) {
    const previous = rows[row - 1] as number[];
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1];
      const costs = [previous[column] as number, current[column - 1] as number].map((cost) => cost + 1);
      const isSwapped =
        row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      if (isSwapped) costs.push((rows[row - 2]?.[column - 2] as number) + 1);
      current.push(Math.min(...costs, (previous[column - 1] as number) + (isSame ? 0 : 1)));
    }
    rows.push(current);
  }
  return rows.at(-1)?.at(-1) as number;
}

/**
 * The known word that differs from a word in letter case, or in one or two letters: added, missing, replaced or swapped. `undefined` if there
 * is none.
 */
export function mostSimilar(word: string, known: readonly string[]): string | undefined {
  const [best] = known
    .filter((name) => isSimilar(word, name))
    .map((name) => ({ name, distance: distanceInAnyCase(word, name), exactDistance: editDistance(word, name) }))
    .sort((a, b) => a.distance - b.distance || a.exactDistance - b.exactDistance);
  return best?.name;
}

/** Whether a word is probably a misspelling of a known one. */
export function isSimilar(word: string, known: string): boolean {
  return distanceInAnyCase(word, known) <= Math.min(2, known.length / 2);
}

function distanceInAnyCase(one: string, other: string): number {
  return editDistance(one.toLowerCase(), other.toLowerCase());
}

/** A sentence for the message about an unknown word, such as ` Did you mean list?`. Empty if no known word is similar. */
export function suggestion(word: string, known: readonly string[]): string {
  const similar = mostSimilar(word, known);
  return similar === undefined ? "" : ` Did you mean ${similar}?`;
}
