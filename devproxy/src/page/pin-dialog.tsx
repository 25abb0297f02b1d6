import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { PinJson, PinsResponse } from "../api/index.js";
import { usePage } from "./context.js";
import { Dialog } from "./dialog.js";
import { fullTime, visibleText } from "./format.js";

/** Pins a push under a name, so that `trigger @NAME` sends it, and lists the pins. */
export function PinDialog({ seq, onClose }: { seq: number; onClose(): void }): JSX.Element {
  const { client, notify } = usePage();
  const [name, setName] = useState("");
  const [pins, setPins] = useState<PinJson[]>([]);
  const [error, setError] = useState<string>();
  const load = () =>
    client
      .get<PinsResponse>("/pins")
      .then((response) => setPins(response.pins))
      .catch((problem: Error) => setError(problem.message));
  useEffect(() => void load(), [client]);
  const pin = async (event: Event) => {
    event.preventDefault();
    try {
      const isKnown = pins.some((one) => one.name === name.trim());
      await client.post("/pins", { id: String(seq), name: name.trim(), ...(isKnown ? { replace: true } : {}) });
      notify(`Pinned. Send it with: airudder-devproxy trigger @${name.trim()}`);
      onClose();
    } catch (problem) {
      setError((problem as Error).message);
    }
  };
  const remove = async (pinned: string) => {
    try {
      await client.delete(`/pins/${encodeURIComponent(pinned)}`);
      await load();
    } catch (problem) {
      setError((problem as Error).message);
    }
  };
  const isKnown = pins.some((one) => one.name === name.trim());
  return (
    <Dialog title={`Pin #${seq}`} onClose={onClose}>
      <form class="inline" onSubmit={(event) => void pin(event)}>
        <label for="pin-name">Name</label>
        <input
          id="pin-name"
          value={name}
          autocomplete="off"
          required
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <button type="submit" class="primary">
          {isKnown ? "Replace the pin" : "Pin"}
        </button>
      </form>
      {error !== undefined && <p class="bad">{error}</p>}
      {pins.length > 0 && (
        <ul class="pins">
          {pins.map((one) => (
            <li key={one.name}>
              <span class="mono">@{visibleText(one.name)}</span> {visibleText(one.type)}{" "}
              <span class="muted">
                #{one.seq}, {fullTime(one.at)}
              </span>
              <button type="button" class="link" onClick={() => void remove(one.name)}>
                Remove<span class="hidden"> {one.name}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}
