import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { DiffResponse, DiffSide } from "../api/index.js";
import { BackButton } from "./back-button.js";
import { usePage } from "./context.js";
import { fullTime } from "./format.js";
import { diffUrl, pushUrl } from "./route.js";
import { LongText, Text } from "./text.js";

/** The differences between two pushes, or between the responses of two deliveries. */
export function Diff({ left, right, onClose }: { left: string; right: string; onClose(): void }): JSX.Element {
  const { client, reveal } = usePage();
  const [diff, setDiff] = useState<DiffResponse>();
  const [error, setError] = useState<string>();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const stop = new AbortController();
    setDiff(undefined);
    setError(undefined);
    client
      .get<DiffResponse>("/diff", { left, right, reveal }, stop.signal)
      .then(setDiff)
      .catch((problem: Error) => stop.signal.aborted || setError(problem.message));
    return () => stop.abort();
  }, [client, left, right, reveal]);
  useEffect(() => heading.current?.focus(), []);
  const isOfDeliveries = left.includes(".");
  return (
    <article class="detail" aria-labelledby="detail-title">
      <header class="detail-head">
        <BackButton label="Back" onClick={onClose} />
        <h2 id="detail-title" ref={heading} tabIndex={-1}>
          {isOfDeliveries ? "Compare two deliveries" : "Compare two pushes"}
        </h2>
        <a class="button" href={diffUrl(right, left)}>
          Swap
        </a>
      </header>
      {error !== undefined && <p class="message bad">{error}</p>}
      {diff !== undefined && (
        <div class="sections">
          <table class="diff">
            <thead>
              <tr>
                <th scope="col">{isOfDeliveries ? "Response" : "Field"}</th>
                <th scope="col">
                  <Side side={diff.left} />
                </th>
                <th scope="col">
                  <Side side={diff.right} />
                </th>
              </tr>
            </thead>
            <tbody>
              {diff.status !== undefined && <Row path="HTTP status" left={diff.status[0]} right={diff.status[1]} />}
              {diff.result !== undefined && <Row path="Result" left={diff.result[0]} right={diff.result[1]} />}
              {diff.differences.map((difference) => (
                <Row
                  key={difference.path}
                  path={difference.path === "" ? "(body)" : difference.path}
                  left={difference.left}
                  right={difference.right}
                />
              ))}
            </tbody>
          </table>
          {diff.differences.length === 0 && diff.status === undefined && diff.result === undefined && (
            <p class="message">There are no differences.</p>
          )}
          {diff.differences.length >= 50 && <p class="muted">At most 50 differences are shown.</p>}
        </div>
      )}
    </article>
  );
}

function Side({ side }: { side: DiffSide }): JSX.Element {
  return (
    <>
      <a href={pushUrl(side.seq)}>#{side.seq}</a>
      {side.delivery !== undefined && ` delivery ${side.delivery}`} <Text>{side.type}</Text>
      <br />
      <span class="muted">{fullTime(side.at)}</span>
    </>
  );
}

function Row({ path, left, right }: { path: string; left: unknown; right: unknown }): JSX.Element {
  return (
    <tr>
      <th scope="row" class="mono">
        <Text>{path}</Text>
      </th>
      <Cell value={left} side="before" />
      <Cell value={right} side="after" />
    </tr>
  );
}

function Cell({ value, side }: { value: unknown; side: "before" | "after" }): JSX.Element {
  if (value === undefined) return <td class="muted">absent</td>;
  return (
    <td class={`mono ${side}`}>
      <LongText>{JSON.stringify(value, undefined, 1) ?? String(value)}</LongText>
    </td>
  );
}
