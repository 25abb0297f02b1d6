import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { PushDetail } from "../api/index.js";
import { duration, fullTime, pageAdvice, visibleText } from "./format.js";
import { isPlaceholder, prettyJson } from "./json-nodes.js";
import { diffUrl } from "./route.js";
import { LongText, Text } from "./text.js";

/** Number of deliveries that are shown before the reader asks for more. */
const MAX_DELIVERIES = 20;

type Delivery = PushDetail["deliveries"][number];

/** The deliveries of a push to the app, newest first, and the choice of two to compare. */
export function Deliveries(props: {
  detail: PushDetail;
  full: PushDetail | undefined;
  onReveal(): Promise<unknown>;
}): JSX.Element {
  const { detail, full } = props;
  const { deliveries, head } = detail;
  const [limit, setLimit] = useState(MAX_DELIVERIES);
  const [shown, setShown] = useState<ReadonlySet<number>>(new Set());
  const [left, setLeft] = useState<number>();
  const [right, setRight] = useState<number>();
  const newestFirst = deliveries.map((delivery, index) => ({ delivery, number: index + 1 })).reverse();
  const leftNumber = left ?? deliveries.length - 1;
  const rightNumber = right ?? deliveries.length;
  const maxMs = Math.max(1, ...deliveries.map(({ ms }) => ms));
  return (
    <section aria-labelledby="deliveries-title">
      <div class="section-head">
        <h3 id="deliveries-title">Deliveries{deliveries.length > 1 ? ` (${deliveries.length})` : ""}</h3>
        {deliveries.length > 1 && (
          <div class="compare">
            <Choice label="Left delivery" value={leftNumber} count={deliveries.length} onChange={setLeft} />
            <span class="muted">with</span>
            <Choice label="Right delivery" value={rightNumber} count={deliveries.length} onChange={setRight} />
            <a class="button" href={diffUrl(`${head.seq}.${leftNumber}`, `${head.seq}.${rightNumber}`)}>
              Compare
            </a>
          </div>
        )}
      </div>
      {deliveries.length === 0 && <p class="muted">The push has not been sent to the app yet.</p>}
      <ol class="deliveries">
        {newestFirst.slice(0, limit).map(({ delivery, number }) => (
          <li key={number}>
            <OneDelivery
              delivery={(shown.has(number) && full?.deliveries[number - 1]) || delivery}
              number={number}
              share={delivery.ms / maxMs}
              isNewest={number === deliveries.length}
              onReveal={
                isRedacted(delivery) && !shown.has(number)
                  ? () => void props.onReveal().then(() => setShown(new Set([...shown, number])))
                  : undefined
              }
            />
          </li>
        ))}
      </ol>
      {deliveries.length > limit && (
        <button type="button" class="link" onClick={() => setLimit(limit + 100)}>
          Show {Math.min(100, deliveries.length - limit)} earlier deliveries
        </button>
      )}
    </section>
  );
}

function Choice(props: { label: string; value: number; count: number; onChange(value: number): void }): JSX.Element {
  return (
    <select
      aria-label={props.label}
      value={props.value}
      onChange={(event) => props.onChange(Number(event.currentTarget.value))}
    >
      {Array.from({ length: props.count }, (_, index) => (
        <option key={index} value={index + 1}>
          {index + 1}
        </option>
      ))}
    </select>
  );
}

function isRedacted({ response, error }: Delivery): boolean {
  const text = `${response?.text ?? ""}${error ?? ""}`;
  return /<[a-z]+:[0-9a-f]{6,12}>/.test(text) || (response !== null && isPlaceholder(response.text));
}

function OneDelivery(props: {
  delivery: Delivery;
  number: number;
  share: number;
  isNewest: boolean;
  onReveal: (() => void) | undefined;
}): JSX.Element {
  const { delivery, number } = props;
  const { outcome, response } = delivery;
  const isOk = delivery.status === 200;
  const error = delivery.error ?? outcome?.error ?? delivery.explanation;
  return (
    <>
      <div class="delivery-line">
        <span class="muted number">{number}</span>
        <span class={`http-status ${isOk ? "ok" : "bad"}`}>
          {delivery.status === null ? "no response" : `HTTP ${delivery.status}`}
        </span>
        {delivery.result !== undefined && <span class="state-word">{visibleText(delivery.result)}</span>}
        <span class="took">
          <span class="meter" aria-hidden="true" style={{ width: `${Math.max(2, Math.round(60 * props.share))}px` }} />
          {duration(delivery.ms)}
        </span>
        <span>{delivery.cause}</span>
        {delivery.late && <span class="note warn">late: Airudder had stopped waiting</span>}
        {delivery.aside && <span class="note">{delivery.aside}</span>}
        {delivery.aside === "edited" && <span class="muted">does not change the status of the push</span>}
        <time class="muted" dateTime={delivery.at}>
          {fullTime(delivery.at)}
        </time>
      </div>
      {error !== undefined && (
        <p class="error mono">
          <LongText>{error}</LongText>
        </p>
      )}
      {outcome !== undefined && <Outcome outcome={outcome} />}
      <details open={props.isNewest && !isOk}>
        <summary>
          Response<span class="hidden"> of delivery {number}</span>
          <span class="muted mono">
            {" "}
            → <Text>{delivery.target}</Text>
          </span>
        </summary>
        {props.onReveal !== undefined && (
          <button type="button" class="link" onClick={props.onReveal}>
            Reveal
          </button>
        )}
        {response === null ? (
          <p class="muted">There was no response.</p>
        ) : (
          <>
            <dl class="facts headers">
              {Object.entries(response.headers).map(([name, value]) => (
                <div key={name}>
                  <dt class="mono">
                    <Text>{name}</Text>
                  </dt>
                  <dd class="mono">
                    <Text>{[value].flat().join(", ")}</Text>
                  </dd>
                </div>
              ))}
            </dl>
            {response.text === "" ? (
              <p class="muted">The response has no body.</p>
            ) : (
              <pre class="raw" tabIndex={0} aria-label={`Response body of delivery ${number}`}>
                <LongText max={10_000}>{prettyJson(response.text) ?? pageAdvice(response.text)}</LongText>
              </pre>
            )}
          </>
        )}
      </details>
    </>
  );
}

/** What the app's receiver reported. */
function Outcome({ outcome }: { outcome: NonNullable<Delivery["outcome"]> }): JSX.Element {
  const words = [
    outcome.result,
    outcome.type,
    outcome.verified === undefined ? undefined : outcome.verified ? "verified" : "not verified",
    outcome.duplicate ? "duplicate" : undefined,
    outcome.drift ? `drift ${outcome.drift}` : undefined,
    outcome.ms === undefined ? undefined : `handled in ${duration(outcome.ms)}`,
  ].filter((word) => word !== undefined);
  return (
    <p class="outcome">
      The receiver reported: <Text>{words.join(", ")}</Text>
    </p>
  );
}
