/** Maximum number of places in a line. */
const MAX_PLACES = 5;

/** What an export or an import leaves out, and why. */
export class LeftOut {
  readonly #placesByReason = new Map<string, { count: number; places: string[] }>();
  /** Number of things that were left out. */
  count = 0;

  /**
   * @param reason without data of the push, such as `the method is not POST`
   * @param place where it is, such as `entry 3`
   */
  add(reason: string, place: string): void {
    this.count++;
    const known = this.#placesByReason.get(reason) ?? { count: 0, places: [] };
    known.count++;
    if (known.places.length < MAX_PLACES) known.places.push(place);
    this.#placesByReason.set(reason, known);
  }

  /** One line per reason: `2 left out, because the method is not POST: entry 1, entry 3`. */
  lines(): string[] {
    return [...this.#placesByReason].map(([reason, { count, places }]) => {
      const more = count > places.length ? ` and ${count - places.length} more` : "";
      return `${count} left out, because ${reason}: ${places.join(", ")}${more}`;
    });
  }
}
