import type { JSX } from "preact";

/** Closes the right-hand part of the page; on a narrow screen, returns to the list. */
export function BackButton({ label, onClick }: { label: string; onClick(): void }): JSX.Element {
  return (
    <button type="button" class="back" onClick={onClick} aria-label={label}>
      <span class="wide-only" aria-hidden="true">
        ✕
      </span>
      <span class="narrow-only" aria-hidden="true">
        ← Back
      </span>
    </button>
  );
}
