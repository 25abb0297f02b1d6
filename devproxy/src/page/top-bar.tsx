import type { JSX } from "preact";
import { usePage } from "./context.js";
import { count, visibleText } from "./format.js";
import type { Connection } from "./live-events.js";
import { stateTone } from "./overview.js";

/** The navigation, the states of tunnel and app, and the switches of the page. */
export function TopBar(props: {
  view: string;
  connection: Connection;
  reveal: boolean;
  onReveal(reveal: boolean): void;
  onHelp(): void;
}): JSX.Element {
  const { state } = usePage();
  const link = (view: string, url: string, name: string) => (
    <a href={url} aria-current={props.view === view ? "page" : undefined}>
      {name}
    </a>
  );
  return (
    <header class="top">
      <h1>
        <span class="wide-only">Airudder inspector</span>
        <span class="narrow-only">Airudder</span>
      </h1>
      <nav aria-label="Views">
        {link("stories", "#/", "Stories")}
        {link("plain", "#/plain", "List")}
        {link("overview", "#/overview", "Overview")}
      </nav>
      <ul class="health" aria-label="State of the proxy">
        {props.connection !== "open" && <Health name="Inspector" value={props.connection} tone="warn" />}
        {state !== undefined && (
          <>
            <Health
              name="Tunnel"
              value={state.tunnel.state}
              tone={stateTone(state.tunnel.state)}
              title={state.tunnel.error ?? state.public ?? undefined}
            />
            <Health name="App" value={state.app.state} tone={stateTone(state.app.state)} title={state.target} />
            {state.queue.waiting > 0 && <Health name="Queue" value={count(state.queue.waiting)} tone="warn" />}
          </>
        )}
      </ul>
      <button
        type="button"
        class={props.reveal ? "reveal on" : "reveal"}
        aria-pressed={props.reveal}
        title="Revealed personal data stays visible until you hide it or close the page."
        onClick={() => props.onReveal(!props.reveal)}
      >
        {props.reveal ? "Hide personal data" : "Reveal personal data"}
      </button>
      <button type="button" class="help" aria-label="Keyboard shortcuts" onClick={props.onHelp}>
        ?
      </button>
    </header>
  );
}

function Health(props: { name: string; value: string; tone: string; title?: string | undefined }): JSX.Element {
  return (
    <li class={`status ${props.tone}`} title={props.title === undefined ? undefined : visibleText(props.title)}>
      <span class="dot" aria-hidden="true" />
      {props.name} {props.value}
    </li>
  );
}
