import type { ComponentChildren, JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { PushDetail } from "../api/index.js";
import { BackButton } from "./back-button.js";
import { BodySection } from "./body-section.js";
import { CallCards } from "./call-card.js";
import { useLive, usePage, useThrottled } from "./context.js";
import { Deliveries } from "./deliveries.js";
import { download } from "./download.js";
import { byteSize, fullTime, pageAdvice, visibleText } from "./format.js";
import { isPlaceholder } from "./json-nodes.js";
import { Menu } from "./menu.js";
import { diffUrl, navigate, pushUrl } from "./route.js";
import { Status, Text, withoutBackticks } from "./text.js";

export interface DetailProps {
  id: string;
  /** Moves the focus to the heading, so that a screen reader reads on from there. */
  takesFocus: boolean;
  onClose(): void;
  /** Called with the number of the push when it is loaded. */
  onLoad(seq: number): void;
}

/** Everything about one push. */
export function Detail({ id, takesFocus, onClose, onLoad }: DetailProps): JSX.Element {
  const { client, reveal } = usePage();
  const [detail, setDetail] = useState<PushDetail>();
  const [error, setError] = useState<string>();
  const heading = useRef<HTMLHeadingElement>(null);
  const wanted = useRef({ id, reveal });
  wanted.current = { id, reveal };
  const load = async () => {
    try {
      const loaded = await client.get<PushDetail>(`/pushes/${encodeURIComponent(id)}`, { reveal });
      if (wanted.current.id !== id || wanted.current.reveal !== reveal) return;
      setDetail(loaded);
      setError(undefined);
    } catch (problem) {
      if (wanted.current.id === id) setError((problem as Error).message);
    }
  };
  useEffect(() => void load(), [client, id, reveal]);
  const refresh = useThrottled(load, 300);
  useLive((event) => {
    if (event.event === "reload" || (event.event === "delivery" && event.push === detail?.head.id)) refresh();
  });
  const isCurrent = detail !== undefined && matches(detail, id);
  useEffect(() => {
    if (isCurrent) onLoad(detail.head.seq);
  }, [isCurrent, detail?.head.seq]);
  useEffect(() => {
    if (isCurrent && takesFocus) heading.current?.focus();
  }, [isCurrent, id]);

  return (
    <article class="detail" aria-labelledby="detail-title" aria-busy={!isCurrent}>
      <header class="detail-head">
        <BackButton label="Back to the list" onClick={onClose} />
        <h2 id="detail-title" ref={heading} tabIndex={-1}>
          {isCurrent ? (
            <>
              <span class="mono">#{detail.head.seq}</span> <Text>{detail.head.type}</Text>
            </>
          ) : (
            `Push ${visibleText(id)}`
          )}
        </h2>
        {isCurrent && <Status status={detail.head.status} />}
        {isCurrent && <Actions detail={detail} />}
      </header>
      {error !== undefined && <p class="message bad">{error}</p>}
      {error === undefined && !isCurrent && <p class="message">Loading…</p>}
      {isCurrent && <Sections key={`${detail.head.id}${reveal}`} detail={detail} />}
    </article>
  );
}

function matches({ head }: PushDetail, id: string): boolean {
  const number = id.replace(/^#/, "");
  return String(head.seq) === number || head.id.startsWith(number);
}

function Sections({ detail }: { detail: PushDetail }): JSX.Element {
  const { client, reveal, notify } = usePage();
  const [full, setFull] = useState<PushDetail>();
  const request = useRef<Promise<PushDetail | undefined> | undefined>(undefined);
  /** The push without redaction. Kept in memory only, as long as the push is open. */
  const loadFull = (): Promise<PushDetail | undefined> => {
    request.current ??= client
      .get<PushDetail>(`/pushes/${detail.head.seq}`, { reveal: true })
      .then((loaded) => {
        setFull(loaded);
        return loaded;
      })
      .catch((error: Error) => {
        request.current = undefined;
        notify(error.message, true);
        return undefined;
      });
    return request.current;
  };
  return (
    <div class="sections">
      <Problem detail={detail} />
      <Facts detail={detail} />
      {detail.card && (
        <CallCards card={detail.card} full={full?.card} canReveal={!reveal} onReveal={() => void loadFull()} />
      )}
      <Deliveries detail={detail} full={full} onReveal={loadFull} />
      <BodySection detail={detail} full={full} onReveal={() => void loadFull()} />
      <Headers detail={detail} full={full} onReveal={() => void loadFull()} />
    </div>
  );
}

/** What is wrong with the push. Shown before everything else. */
function Problem({ detail }: { detail: PushDetail }): JSX.Element | null {
  const { head, mismatches, quarantined } = detail;
  const last = detail.deliveries.at(-1);
  const lines: ComponentChildren[] = [];
  if (head.error !== undefined) {
    const reason = head.explanation === undefined ? head.error : `${head.error}: ${head.explanation}`;
    lines.push(<Text>{pageAdvice(reason)}</Text>);
  } else if (head.status === "failed" && last !== undefined) lines.push(`The app responded ${last.status}.`);
  else if (head.status === "undelivered")
    lines.push(last === undefined ? "The push has not been sent to the app yet." : "The app did not respond.");
  if (quarantined) lines.push("Quarantined: the body lacks what every handler of its type needs.");
  if (mismatches.length > 0) {
    const first = mismatches.slice(0, 3).map(({ path }) => path);
    lines.push(
      <>
        The body differs from the schema in {mismatches.length === 1 ? "one field" : `${mismatches.length} fields`}:{" "}
        <span class="mono">
          <Text>{first.join(", ")}</Text>
        </span>
        {mismatches.length > first.length && ", …"}
      </>,
    );
  }
  if (detail.head.copy)
    lines.push(
      `Copy ${detail.head.copy.index} of ${detail.head.copy.count}: another push of the same subject has the same bytes.`,
    );
  if (lines.length === 0) return null;
  const isBad = head.status === "failed" || head.status === "dead";
  return (
    <section class={`problem ${isBad ? "bad" : "warn"}`} aria-label="Problems">
      <ul>
        {lines.map((line, index) => (
          <li key={index}>{line}</li>
        ))}
      </ul>
    </section>
  );
}

function signatureText({ head, schema, body, ...detail }: PushDetail & { signProblem?: string }): string {
  if (head.verified) return "verified";
  if (detail.signProblem !== undefined) return `wrong: ${pageAdvice(detail.signProblem)}`;
  const hasSign = typeof body === "object" && body !== null && "Sign" in body;
  if (hasSign) return "wrong: the Sign does not match the key";
  return schema !== null && Object.hasOwn(schema.fields, "/Sign")
    ? "wrong: the body has no Sign"
    : "this type carries no signature";
}

function Facts({ detail }: { detail: PushDetail }): JSX.Element {
  const { head, schema, neighbours } = detail;
  const { filter } = usePage();
  const facts: [string, ComponentChildren][] = [
    [
      "Received",
      `${fullTime(head.at)}, ${head.source}${head.imported && head.source !== "import" ? ", imported" : ""}`,
    ],
    [
      "Request",
      <span class="mono">
        <Text>{`${head.method} ${head.url}`}</Text>
      </span>,
    ],
    ["Signature", <Text>{signatureText(detail)}</Text>],
    ["Body", `${byteSize(head.size)}, sha256 ${head.sha256.slice(0, 12)}…`],
  ];
  for (const name of ["workflow", "task", "call"] as const) {
    const value = head[name];
    if (value !== undefined)
      facts.push([
        `${name[0]?.toUpperCase()}${name.slice(1)}`,
        <button
          type="button"
          class="link mono id"
          title={`Show only this ${name}`}
          onClick={() => filter({ [name]: value })}
        >
          <Text>{value}</Text>
        </button>,
      ]);
  }
  if (schema !== null)
    facts.push([
      "Schema",
      <>
        {schema.name}, <span title={schema.source}>{schema.provenance}</span>
        {schema.meaning !== undefined && <span class="muted"> – {withoutBackticks(schema.meaning)}</span>}
      </>,
    ]);
  for (const mark of detail.inbox ?? [])
    facts.push([
      "Inbox",
      <>
        {fullTime(mark.at)} {visibleText(mark.state)}
        {mark.attempt !== undefined && `, attempt ${mark.attempt}`} {mark.error && <Text>{mark.error}</Text>}
      </>,
    ]);
  const { previous, next } = neighbours ?? { previous: null, next: null };
  if (previous !== null || next !== null)
    facts.push([
      "Same subject",
      <>
        {previous !== null && (
          <>
            <a href={pushUrl(previous)}>earlier #{previous}</a> (
            <a href={diffUrl(previous, head.seq)}>
              compare<span class="hidden"> with #{previous}</span>
            </a>
            ){" "}
          </>
        )}
        {next !== null && (
          <>
            <a href={pushUrl(next)}>later #{next}</a> (
            <a href={diffUrl(head.seq, next)}>
              compare<span class="hidden"> with #{next}</span>
            </a>
            )
          </>
        )}
      </>,
    ]);
  return (
    <section aria-label="Facts">
      <dl class="facts">
        {facts.map(([name, value], index) => (
          <div key={`${name}${index}`}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Headers(props: { detail: PushDetail; full: PushDetail | undefined; onReveal(): void }): JSX.Element {
  const { detail, full } = props;
  const [shown, setShown] = useState<ReadonlySet<number>>(new Set());
  const headers = useMemo(() => pairs(detail.headers), [detail]);
  const fullHeaders = full && pairs(full.headers);
  return (
    <section aria-labelledby="headers-title">
      <h3 id="headers-title">Headers</h3>
      <dl class="facts headers">
        {headers.map(([name, value], index) => {
          const isRevealed = shown.has(index) && fullHeaders !== undefined;
          const [fullName = name, fullValue = value] = (isRevealed && fullHeaders[index]) || [];
          return (
            <div key={index}>
              <dt class="mono">
                <Text>{fullName}</Text>
              </dt>
              <dd class="mono">
                <Text>{fullValue}</Text>
                {!isRevealed && (isPlaceholder(value) || isPlaceholder(name)) && (
                  <button
                    type="button"
                    class="link"
                    aria-label={`Reveal ${name}`}
                    onClick={() => {
                      setShown(new Set([...shown, index]));
                      props.onReveal();
                    }}
                  >
                    reveal
                  </button>
                )}
              </dd>
            </div>
          );
        })}
      </dl>
    </section>
  );
}

function pairs(headers: PushDetail["headers"]): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) => [value].flat().map((one): [string, string] => [name, one]));
}

function Actions({ detail }: { detail: PushDetail }): JSX.Element {
  const page = usePage();
  const { seq } = detail.head;
  const [other, setOther] = useState("");
  const copyCurl = async () => {
    try {
      await navigator.clipboard.writeText(await page.client.text(`/pushes/${seq}/curl`, { reveal: page.reveal }));
      page.notify(
        page.reveal
          ? "The command was copied."
          : "The command was copied. It contains placeholders in place of personal data.",
      );
    } catch (error) {
      page.notify(`The command was not copied: ${(error as Error).message}`, true);
    }
  };
  return (
    <div class="actions">
      <button
        type="button"
        class="primary"
        disabled={page.isReplaying}
        onClick={() => page.replay({ ids: [String(seq)] }, `#${seq}`)}
      >
        Replay
      </button>
      <button type="button" onClick={() => page.edit(seq)}>
        Edit and replay
      </button>
      <Menu label="More">
        <button type="button" onClick={() => void copyCurl()}>
          Copy as cURL
        </button>
        {(["har", "ndjson", "test"] as const).map((as) => (
          <button key={as} type="button" onClick={() => void download(page, { as, ids: String(seq) }, `push-${seq}`)}>
            Export as {as === "test" ? "a test" : as.toUpperCase()}
          </button>
        ))}
        <button type="button" onClick={() => page.pin(seq)}>
          Pin…
        </button>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const id = other.trim().replace(/^#/, "");
            if (id !== "") navigate(diffUrl(id, seq));
          }}
        >
          <label for="compare-with">Compare with #</label>
          <input
            id="compare-with"
            class="short"
            inputMode="numeric"
            value={other}
            onInput={(event) => setOther(event.currentTarget.value)}
          />
          <button type="submit">Compare</button>
        </form>
      </Menu>
    </div>
  );
}
