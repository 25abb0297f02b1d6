import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { byteSize, statusTone, visibleText } from "./format.js";

/** Maximum number of characters that are shown before the reader asks for more. */
const MAX_CHARACTERS = 600;
/** Number of characters that each further step shows, so that a huge text cannot block the page. */
const STEP = 300_000;

/** Text of a schema without the backticks of Markdown. */
export function withoutBackticks(text: string): string {
  return text.replaceAll("`", "");
}

/** Untrusted text: a text node, isolated from the direction of the text around it, with symbols for control characters. */
export function Text({ children, title }: { children: string; title?: string | undefined }): JSX.Element {
  return <bdi title={title === undefined ? undefined : visibleText(title)}>{visibleText(children)}</bdi>;
}

/** Untrusted text of any length. Lines stay. A long text is cut until the reader asks for more. */
export function LongText({ children, max = MAX_CHARACTERS }: { children: string; max?: number }): JSX.Element {
  const [shown, setShown] = useState(max);
  const isCut = children.length > shown + 80;
  const text = isCut ? children.slice(0, shown) : children;
  return (
    <>
      <bdi class="lines">{visibleText(text, true)}</bdi>
      {isCut && (
        <>
          {"… "}
          <button type="button" class="link" onClick={() => setShown(shown + STEP)}>
            Show {children.length - shown > STEP ? "more" : "all"} ({byteSize(children.length)})
          </button>
        </>
      )}
    </>
  );
}

/** A status as a coloured dot and its word. */
export function Status({ status }: { status: string }): JSX.Element {
  return (
    <span class={`status ${statusTone(status)}`}>
      <span class="dot" aria-hidden="true" />
      {visibleText(status)}
    </span>
  );
}
