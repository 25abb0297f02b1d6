import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ReplayBody, ReplayLine, ReplaySummary, VerdictEvent } from "../api/index.js";
import { type ApiClient, ApiProblem } from "./client.js";
import { count, counted, duration, pageAdvice, visibleText } from "./format.js";
import { pushUrl } from "./route.js";
import { LongText, Text } from "./text.js";

/** Maximum number of results that are kept. */
const MAX_RESULTS = 200;

/** Time for the summary of a replay that is stopped, ms. Then its connection is closed, which stops it too. */
const STOP_MS = 2_000;

/** A replay that runs or has ended. */
export interface ReplayRun {
  id: string;
  /** What is replayed, such as `37 pushes`. */
  label: string;
  /** Whether an edited body is sent. */
  isEdited: boolean;
  total: number | undefined;
  done: number;
  verdicts: Record<string, number>;
  /** The newest results first. */
  results: VerdictEvent[];
  notes: string[];
  summary: ReplaySummary | undefined;
  error: string | undefined;
  isEnded: boolean;
  /** Whether the user stopped it. */
  isStopped: boolean;
  stop(): void;
}

/** Starts a replay. @param onChange called with its state, at most every 100 ms */
export function startReplay(
  client: ApiClient,
  body: ReplayBody,
  label: string,
  onChange: (run: ReplayRun) => void,
): ReplayRun {
  const connection = new AbortController();
  const run: ReplayRun = {
    id: crypto.randomUUID(),
    label,
    isEdited: body.body !== undefined,
    total: undefined,
    done: 0,
    verdicts: {},
    results: [],
    notes: [],
    summary: undefined,
    error: undefined,
    isEnded: false,
    isStopped: false,
    stop: () => {
      run.isStopped = true;
      const close = () => connection.abort();
      // Without a line, there is nothing to report. The request may still wait for a free connection of the browser.
      if (run.total === undefined) close();
      else setTimeout(close, STOP_MS);
      client.delete(`/replays/${run.id}`).catch(close);
    },
  };
  let isScheduled = false;
  const changed = () => {
    if (isScheduled) return;
    isScheduled = true;
    setTimeout(() => {
      isScheduled = false;
      onChange({ ...run });
    }, 100);
  };
  const onLine = (line: ReplayLine) => {
    applyLine(run, line);
    changed();
  };
  client
    .postLines<ReplayLine>(`/replays/${run.id}`, body, onLine, connection.signal)
    .catch((error: Error) => {
      if (run.isStopped) return;
      run.error ??= error instanceof ApiProblem ? error.message : "The inspector closed the connection.";
    })
    .finally(() => {
      run.isEnded = true;
      changed();
    });
  return { ...run };
}

function applyLine(run: ReplayRun, line: ReplayLine): void {
  switch (line.event) {
    case "replay":
      run.total = line.total;
      break;
    case "verdict":
      run.done++;
      addVerdict(run, run.isEdited ? editedVerdict(line) : line.verdict);
      run.results = [line, ...run.results].slice(0, MAX_RESULTS);
      break;
    case "note":
      run.notes = [...run.notes, line.message].slice(-5);
      break;
    case "summary":
      run.summary = line;
      break;
    case "error":
      run.error = line.message;
      break;
  }
}

function addVerdict(run: ReplayRun, verdict: string): void {
  run.verdicts = { ...run.verdicts, [verdict]: (run.verdicts[verdict] ?? 0) + 1 };
}

/** What happened to an edited push. It proves nothing about the recorded one, so it is not compared with it. */
function editedVerdict({ status, result }: VerdictEvent): string {
  if (status === null) return "edited: no response";
  return `edited: ${result ?? (status === 200 ? "accepted" : "failed")}`;
}

/** The progress of a replay, with a stop button, then its results. */
export function ReplayPanel(props: { run: ReplayRun; onStop(): void; onClose(): void }): JSX.Element {
  const { run } = props;
  const [isStopping, setStopping] = useState(false);
  const total = run.total ?? 0;
  const title = run.isEnded
    ? (run.summary?.interrupted ?? run.isStopped)
      ? `Stopped: ${count(run.done)} of ${counted(total, "push", "pushes")} replayed`
      : run.isEdited
        ? `Replayed ${run.label}`
        : `Replayed ${counted(run.done, "push", "pushes")}`
    : `Replaying ${run.label}`;
  return (
    <section class="replay" aria-label="Replay">
      <div class="section-head">
        <h3 aria-live="polite">{title}</h3>
        {!run.isEnded && run.total !== undefined && (
          <span class="muted">
            {count(run.done)} of {count(total)}
          </span>
        )}
        <Verdicts verdicts={run.verdicts} />
        <span class="grow" />
        {run.isEnded ? (
          <button type="button" onClick={props.onClose}>
            Close
          </button>
        ) : (
          <button
            type="button"
            class="stop"
            disabled={isStopping}
            onClick={() => {
              setStopping(true);
              props.onStop();
            }}
          >
            {isStopping ? "Stopping…" : "Stop"}
          </button>
        )}
      </div>
      {!run.isEnded && <progress aria-label="Pushes replayed" max={Math.max(1, total)} value={run.done} />}
      {run.error !== undefined && (
        <p class="bad">
          <Text>{pageAdvice(run.error)}</Text>
        </p>
      )}
      {run.notes.map((note) => (
        <p key={note} class="muted">
          {visibleText(pageAdvice(note))}
        </p>
      ))}
      {run.isEdited && run.isEnded && (
        <p class="muted">The recorded push keeps its status: an edited replay does not show how the app handles it.</p>
      )}
      {run.results.length > 0 && (
        <Results results={run.results} isEdited={run.isEdited} isOpen={run.isEnded && run.done <= 3} />
      )}
    </section>
  );
}

function Verdicts({ verdicts }: { verdicts: ReplayRun["verdicts"] }): JSX.Element {
  return (
    <>
      {Object.entries(verdicts).map(([verdict, number]) => (
        <span key={verdict} class={`verdict ${toneOf(verdict)}`}>
          {count(number)} {verdict}
        </span>
      ))}
    </>
  );
}

function toneOf(verdict: string): string {
  if (verdict === "fixed" || verdict === "same") return "ok";
  if (verdict === "regressed" || verdict === "still failing") return "bad";
  return verdict === "new" ? "info" : "warn";
}

function Results(props: { results: VerdictEvent[]; isEdited: boolean; isOpen: boolean }): JSX.Element {
  const { results, isEdited, isOpen } = props;
  const verdictOf = (result: VerdictEvent) => (isEdited ? editedVerdict(result) : result.verdict);
  return (
    <details open={isOpen}>
      <summary>{results.length === MAX_RESULTS ? `The newest ${MAX_RESULTS} results` : "Results"}</summary>
      <ul class="results">
        {results.map((result) => (
          <li key={`${result.push}${result.ms}`}>
            <a href={pushUrl(result.seq)}>#{result.seq}</a>
            <span class={`verdict ${toneOf(verdictOf(result))}`}>{verdictOf(result)}</span>
            <span>
              {result.status === null ? "no response" : `HTTP ${result.status}`} {result.code ?? ""}
            </span>
            <span class="muted">{duration(result.ms)}</span>
            {result.error !== undefined && (
              <span class="reason">
                <LongText max={200}>{pageAdvice(result.error)}</LongText>
              </span>
            )}
            {result.differences.length > 0 && (
              <span class="muted">{counted(result.differences.length, "difference")} from the previous response</span>
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}
