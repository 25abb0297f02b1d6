import type { ComponentChildren, JSX, RefObject } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { MismatchJson, PushDetail, ValidateResponse } from "../api/index.js";
import { useDebounced, usePage } from "./context.js";
import { Dialog } from "./dialog.js";
import { nearestNode, parseNodes, prettyJson } from "./json-nodes.js";
import { Text } from "./text.js";

const VALIDATE_DELAY_MS = 250;

/** Edits the body of a push and replays it. Checks the text while typing. */
export function Editor({ seq, onClose }: { seq: number; onClose(): void }): JSX.Element {
  const { client, replay, isReplaying, reveal } = usePage();
  const [isRevealed, setRevealed] = useState(reveal);
  const [original, setOriginal] = useState<string>();
  const [type, setType] = useState<string>();
  const [text, setText] = useState("");
  const [sign, setSign] = useState(true);
  const [result, setResult] = useState<ValidateResponse & { of: string }>();
  const [error, setError] = useState<string>();
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    const stop = new AbortController();
    client
      .get<PushDetail>(`/pushes/${seq}`, { reveal: isRevealed }, stop.signal)
      .then((detail) => {
        const pretty = (detail.isJson ? prettyJson(detail.text) : undefined) ?? detail.text;
        setOriginal(pretty);
        setText(pretty);
        setType(detail.schema?.name);
      })
      .catch((problem: Error) => stop.signal.aborted || setError(problem.message));
    return () => stop.abort();
  }, [client, seq, isRevealed]);
  useEffect(() => {
    if (original !== undefined) area.current?.focus();
    area.current?.setSelectionRange(0, 0);
    if (area.current !== null) area.current.scrollTop = 0;
    area.current?.closest("dialog")?.scrollTo(0, 0);
  }, [original]);
  const stable = useDebounced(text, VALIDATE_DELAY_MS);
  useEffect(() => {
    if (original === undefined) return;
    const stop = new AbortController();
    client
      .post<ValidateResponse>("/validate", { type, body: stable, id: String(seq) }, stop.signal)
      .then((response) => {
        setResult({ ...response, of: stable });
        setError(undefined);
      })
      .catch((problem: Error) => stop.signal.aborted || setError(problem.message));
    return () => stop.abort();
  }, [client, stable, type, original]);

  const isChecked = result?.of === text;
  const isJson = result?.json === true;
  const problems = useMemo(() => (result === undefined ? [] : problemsOf(result)), [result]);
  const go = ({ start, end }: Problem) => {
    const element = area.current;
    if (element === null) return;
    element.focus();
    element.setSelectionRange(start, end);
    const line = lineOf(element.value, start);
    element.scrollTop = Math.max(0, (line - 4) * lineHeight(element));
  };
  const send = () => {
    replay({ ids: [String(seq)], body: text, sign }, `#${seq}, edited`);
    onClose();
  };
  const marked = new Set(problems.map(({ line }) => line));
  return (
    <Dialog title={`Edit and replay #${seq}`} class="editor" onClose={onClose}>
      <p class="muted">
        The recorded push does not change.
        {!isRevealed &&
          " Placeholders such as <phone:…> stay: the recorded values replace them when the push is sent. "}
        {!isRevealed && text === original && (
          <button type="button" class="link" onClick={() => setRevealed(true)}>
            Reveal the body
          </button>
        )}
      </p>
      {original === undefined && error === undefined && <p class="message">Loading…</p>}
      {error !== undefined && <p class="message bad">{error}</p>}
      {original !== undefined && (
        <>
          <CodeArea value={text} marked={marked} area={area} onInput={setText} />
          <div class="findings" aria-live="polite" aria-label="Problems in the body">
            {!isChecked && <p class="muted">Checking…</p>}
            {isChecked && isJson && problems.length === 0 && <p class="good">The body matches the schema.</p>}
            {isChecked && (
              <ul>
                {problems.map((problem) => (
                  <li key={problem.text} class={problem.isError ? "bad" : ""}>
                    <button type="button" class="link" onClick={() => go(problem)}>
                      Line {problem.line}
                    </button>{" "}
                    <Text>{problem.text}</Text>
                  </li>
                ))}
                {result.quarantined && <li class="bad">The receiver will quarantine this body.</li>}
              </ul>
            )}
          </div>
          <footer>
            <label class="check">
              <input
                type="checkbox"
                checked={sign}
                disabled={result?.sign === "none"}
                onChange={(event) => setSign(event.currentTarget.checked)}
              />
              Sign again
            </label>
            <span class="grow" />
            <button type="button" disabled={text === original} onClick={() => setText(original)}>
              Reset
            </button>
            <button type="button" class="primary" disabled={!isChecked || !isJson || isReplaying} onClick={send}>
              {problems.length > 0 && isJson ? "Replay anyway" : "Replay the edited push"}
            </button>
          </footer>
        </>
      )}
    </Dialog>
  );
}

interface Problem {
  line: number;
  start: number;
  end: number;
  text: string;
  isError: boolean;
}

function problemsOf({ json, mismatches, of }: ValidateResponse & { of: string }): Problem[] {
  if (json !== true) {
    const start = offsetOf(of, json.line, json.column);
    return [{ line: json.line, start, end: start + 1, text: `Not JSON: ${json.message}`, isError: true }];
  }
  const root = parseNodes(of);
  return mismatches.slice(0, 200).map((mismatch) => {
    const node = root && nearestNode(root, mismatch.path);
    const start = node?.start ?? 0;
    return {
      line: lineOf(of, start),
      start,
      end: node === undefined || node.children.length > 0 ? start + 1 : node.end,
      text: `${mismatch.path || "(body)"}: ${mismatchText(mismatch)}`,
      isError: mismatch.kind === "wrong_type",
    };
  });
}

function mismatchText({ kind, expected, got }: MismatchJson): string {
  return `${kind.replace("_", " ")}, expected ${expected}, received ${got}`;
}

function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < offset; at = text.indexOf("\n", at + 1)) line++;
  return line;
}

function offsetOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let n = 1; n < line; n++) {
    const end = text.indexOf("\n", start);
    if (end < 0) break;
    start = end + 1;
  }
  return Math.min(text.length, start + column - 1);
}

function lineHeight(element: HTMLElement): number {
  return Number.parseFloat(getComputedStyle(element).lineHeight) || 20;
}

/** The numbers of lines, one per line. */
function lineNumbers(first: number, last: number): string {
  let text = "";
  for (let line = first; line <= last; line++) text += `${line}\n`;
  return text;
}

/** A text area with line numbers. Lines with problems are marked. */
function CodeArea(props: {
  value: string;
  marked: ReadonlySet<number>;
  area: RefObject<HTMLTextAreaElement | null>;
  onInput(value: string): void;
}): JSX.Element {
  const gutter = useRef<HTMLPreElement>(null);
  const lines = props.value.split("\n").length;
  const parts: ComponentChildren[] = [];
  let next = 1;
  for (const line of [...props.marked].sort((a, b) => a - b)) {
    parts.push(lineNumbers(next, line - 1), <mark key={line}>{`● ${line}`}</mark>, "\n");
    next = line + 1;
  }
  parts.push(lineNumbers(next, lines));
  return (
    <div class={props.marked.size > 0 ? "code marked" : "code"}>
      <pre ref={gutter} class="gutter" aria-hidden="true">
        {parts}
      </pre>
      <textarea
        ref={props.area}
        aria-label="Body"
        spellcheck={false}
        autocomplete="off"
        wrap="off"
        value={props.value}
        onInput={(event) => props.onInput(event.currentTarget.value)}
        onScroll={(event) => {
          if (gutter.current !== null) gutter.current.scrollTop = event.currentTarget.scrollTop;
        }}
      />
    </div>
  );
}
