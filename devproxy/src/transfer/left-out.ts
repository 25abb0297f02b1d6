/** Maximum number of places in a line. */
const MAX_PLACES = 5;

/** Counts what happened to parts of a source, and where. */
export class Tally {
  readonly #placesByEvent = new Map<string, { count: number; places: string[] }>();
  /** Number of times that something was added. */
  count = 0;

  /**
   * @param event without data of the push, such as `imported with a new id`
   * @param place where it is, such as `entry 3`
   */
  add(event: string, place: string): void {
    this.count++;
    const known = this.#placesByEvent.get(event) ?? { count: 0, places: [] };
    known.count++;
    if (known.places.length < MAX_PLACES) known.places.push(place);
    this.#placesByEvent.set(event, known);
  }

  /** One line per event: `2 imported with a new id: entry 1, entry 3`. */
  lines(): string[] {
    return [...this.#placesByEvent].map(([event, { count, places }]) => {
      const more = count > places.length ? ` and ${count - places.length} more` : "";
      return `${count} ${event}: ${places.join(", ")}${more}`;
    });
  }
}

/** What an export or an import leaves out, and why. Its lines: `2 left out, because the method is not POST: entry 1, entry 3`. */
export class LeftOut extends Tally {
  /** @param reason without data of the push, such as `the method is not POST` */
  override add(reason: string, place: string): void {
    super.add(`left out, because ${reason}`, place);
  }
}
