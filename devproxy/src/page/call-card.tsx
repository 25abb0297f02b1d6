import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { CallCard, CallCardCall } from "../api/index.js";
import { minutes, visibleText } from "./format.js";
import { isPlaceholder } from "./json-nodes.js";
import { LongText, Text } from "./text.js";

/** Number of turns of a conversation that are shown before the reader asks for more. */
const MAX_TURNS = 100;

/** The calls of a `call.completed`. */
export function CallCards(props: {
  card: CallCard;
  full: CallCard | undefined;
  canReveal: boolean;
  onReveal(): void;
}): JSX.Element {
  const [isShown, setShown] = useState(false);
  const card = isShown && props.full !== undefined ? props.full : props.card;
  const isRedacted = props.canReveal && !isShown && props.card.calls.some(hasPlaceholder);
  return (
    <section aria-labelledby="call-title">
      <div class="section-head">
        <h3 id="call-title">{card.calls.length === 1 ? "Call" : `${card.calls.length} calls`}</h3>
        {isRedacted && (
          <button
            type="button"
            class="link"
            onClick={() => {
              setShown(true);
              props.onReveal();
            }}
          >
            Reveal the conversation
          </button>
        )}
      </div>
      {card.calls.slice(0, 20).map((call, index) => (
        <Call key={index} call={call} />
      ))}
      {card.calls.length > 20 && <p class="muted">{card.calls.length - 20} more calls are in the body.</p>}
    </section>
  );
}

function hasPlaceholder({ transcript, labels, intention, intentionDescription }: CallCardCall): boolean {
  const texts = [...transcript.map(({ text }) => text), ...Object.values(labels), intention, intentionDescription];
  return texts.some((text) => text !== undefined && isPlaceholder(text));
}

function Call({ call }: { call: CallCardCall }): JSX.Element {
  const [limit, setLimit] = useState(MAX_TURNS);
  const facts: [string, string | null | undefined][] = [
    ["Status", call.status],
    ["Ring type", call.ring],
    ["Hang-up type", call.hangup],
    ["Duration", call.seconds === undefined ? undefined : minutes(call.seconds)],
    ["Ring time", call.ringSeconds === undefined ? undefined : `${call.ringSeconds} s`],
    ["Dials", call.dials === undefined ? undefined : String(call.dials)],
    ["Intention", call.intention],
    ["Intention description", call.intentionDescription],
    ...Object.entries(call.labels).map(([name, value]): [string, string] => [name, String(value)]),
  ];
  return (
    <div class="card">
      <dl class="chips">
        {facts.map(([name, value]) =>
          value === undefined || value === null || value === "" ? null : (
            <div key={name}>
              <dt>
                <Text>{name}</Text>
              </dt>
              <dd>
                <Text>{value}</Text>
              </dd>
            </div>
          ),
        )}
      </dl>
      <Dials call={call} />
      {call.transcript.length === 0 ? (
        <p class="muted">No conversation.</p>
      ) : (
        <ol class="conversation" aria-label="Conversation">
          {call.transcript.slice(0, limit).map((turn, index) => (
            <li key={index} class={turn.who}>
              <div class="who">
                {turn.who === "robot" ? "Voicebot" : "Customer"}
                {turn.time !== undefined && <span class="muted"> {visibleText(turn.time)}</span>}
              </div>
              <div class="said">
                <LongText>{turn.text}</LongText>
              </div>
            </li>
          ))}
        </ol>
      )}
      {call.transcript.length > limit && (
        <button type="button" class="link" onClick={() => setLimit(limit + MAX_TURNS)}>
          Show {Math.min(MAX_TURNS, call.transcript.length - limit)} more turns
        </button>
      )}
    </div>
  );
}

/** The dials of the number on a time line: earlier ones, then the call itself. */
function Dials({ call }: { call: CallCardCall }): JSX.Element | null {
  if (call.redials.length === 0) return null;
  return (
    <ol class="dials" aria-label="Dials of the number">
      {call.redials.slice(0, 50).map((dial, index) => (
        <li key={index}>
          <span class="dot" aria-hidden="true" />
          <span class="mono">
            <Text>{dial.at ?? "unknown time"}</Text>
          </span>{" "}
          <Text>{[dial.ring, dial.label].filter(Boolean).join(", ") || "no result"}</Text>
          {dial.seconds !== undefined && <span class="muted"> rang {dial.seconds} s</span>}
        </li>
      ))}
      <li class="last">
        <span class="dot" aria-hidden="true" />
        <span class="mono">
          <Text>{call.start || call.end || "last dial"}</Text>
        </span>{" "}
        <Text>{[call.ring, call.status].filter(Boolean).join(", ")}</Text>
      </li>
      <li class="hint muted">Times of earlier dials have no time zone in the push.</li>
    </ol>
  );
}
