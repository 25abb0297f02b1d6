import type { JSX } from "preact";
import { Dialog } from "./dialog.js";
import { KEYS } from "./keys.js";

const WORDS: readonly [string, string][] = [
  ["copy 2 of 3", "Three pushes of the same subject have the same bytes. This one is the second."],
  ["drift 2", "The body differs from the schema in 2 places."],
  ["late", "The app responded after Airudder had stopped waiting."],
  ["arrived after the task finished", "The push was received after the push that reports the end of its task."],
  ["arrived after a newer push", "By the vendor's time, the push is older than one that was received before it."],
];

/** The keys, and the switch that turns single-key shortcuts off. */
export function Help(props: { isOn: boolean; onSwitch(isOn: boolean): void; onClose(): void }): JSX.Element {
  return (
    <Dialog title="Keyboard shortcuts" onClose={props.onClose}>
      <dl class="keys">
        {KEYS.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <label class="check">
        <input type="checkbox" checked={props.isOn} onChange={(event) => props.onSwitch(event.currentTarget.checked)} />
        Single-key shortcuts
      </label>
      <h3>Words</h3>
      <dl class="words">
        {WORDS.map(([word, meaning]) => (
          <div key={word}>
            <dt>{word}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p class="muted">In the list, the arrow keys, Enter, Space and Esc always work.</p>
    </Dialog>
  );
}
