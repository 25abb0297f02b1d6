import { options } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

/** What the page shows, from the fragment of its URL. */
export type Route =
  | { view: "stories" | "plain" | "overview" }
  | { view: "push"; id: string }
  | { view: "diff"; left: string; right: string };

/** Parses `#/`, `#/plain`, `#/overview`, `#/pushes/12`, `#/diff/12/14` and `#/diff/12.1/12.2`. */
export function parseRoute(hash: string): Route {
  const parts = hash.replace(/^#\/?/, "").split("/").map(decode);
  const [view, first, second] = parts;
  if (view === "plain" || view === "overview") return { view };
  if (view === "pushes" && first) return { view: "push", id: first };
  if (view === "diff" && first && second) return { view: "diff", left: first, right: second };
  return { view: "stories" };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The URL of a push. */
export function pushUrl(seq: number | string): string {
  return `#/pushes/${encodeURIComponent(seq)}`;
}

/** The URL of a comparison. A side is a push (`12`) or a delivery (`12.1`). */
export function diffUrl(left: number | string, right: number | string): string {
  return `#/diff/${encodeURIComponent(left)}/${encodeURIComponent(right)}`;
}

/** Goes to a URL of the page. @param replace replaces the entry in the history */
export function navigate(url: string, replace = false): void {
  if (!replace) {
    location.hash = url;
    return;
  }
  history.replaceState(null, "", url);
  dispatchEvent(new HashChangeEvent("hashchange"));
}

/** Goes to a URL of the page, and renders it before it returns. */
export function navigateNow(url: string): void {
  const { debounceRendering } = options;
  options.debounceRendering = (render) => render();
  try {
    history.pushState(null, "", url);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } finally {
    if (debounceRendering === undefined) delete options.debounceRendering;
    else options.debounceRendering = debounceRendering;
  }
}

export function isSameRoute(a: Route, b: Route): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The current route. */
export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  // Not useEffect: it runs after the next paint, and a change before that would be missed.
  useLayoutEffect(() => {
    const onChange = () => setHash(location.hash);
    addEventListener("hashchange", onChange);
    return () => removeEventListener("hashchange", onChange);
  }, []);
  return parseRoute(hash);
}
