import type { JSX } from "preact";
import { Dialog } from "./dialog.js";
import { KEYS } from "./keys.js";

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
      <p class="muted">In the list, the arrow keys, Enter, Space and Esc always work.</p>
    </Dialog>
  );
}
