import { useEffect, useRef } from "preact/hooks";
import { readStored, writeStored } from "./token.js";

/** What single keys do. */
export interface KeyActions {
  move(step: number): void;
  enter(): void;
  replay(): void;
  edit(): void;
  select(): void;
  search(): void;
  help(): void;
  back(): void;
  /** Whether the view is loaded. @param needsDetail also the open push */
  isReady(needsDetail: boolean): boolean;
}

/** The keys, for the help. */
export const KEYS: readonly [string, string][] = [
  ["j", "next push"],
  ["k", "previous push"],
  ["Enter", "open the push, or open and close a group"],
  ["r", "replay"],
  ["e", "edit and replay"],
  ["x", "select; Shift and click selects a range"],
  ["/", "search"],
  ["?", "this help"],
  ["Esc", "back"],
];

const STORAGE_KEY = "airudder-single-keys";

/** Whether single-key shortcuts are on. */
export function readSingleKeys(): boolean {
  return readStored(STORAGE_KEY) !== "off";
}

export function storeSingleKeys(isOn: boolean): void {
  writeStored(STORAGE_KEY, isOn ? "on" : "off");
}

/** Calls the action of each key. Keys typed into a field or a dialog are ignored, except Esc in a field. */
export function useKeys(actions: KeyActions, isOn: boolean): void {
  const current = useRef({ actions, isOn });
  current.current = { actions, isOn };
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => handle(event, current.current.actions, current.current.isOn);
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}

function handle(event: KeyboardEvent, actions: KeyActions, isOn: boolean): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const target = event.target as HTMLElement;
  if (target.closest("dialog") !== null) return;
  const menu = target.closest("details.menu[open]");
  if (event.key === "Escape" && menu !== null) {
    menu.removeAttribute("open");
    menu.querySelector("summary")?.focus();
    return;
  }
  const isField = target.matches("input:not([type=checkbox]), textarea, select");
  if (isField) {
    if (event.key === "Escape") document.getElementById("list")?.focus();
    return;
  }
  const isInList = target.closest("#list") !== null;
  const action = isInList
    ? (LIST_KEYS[event.key] ?? (isOn ? SINGLE_KEYS[event.key] : undefined))
    : singleKey(event, target, isOn);
  if (action === undefined) return;
  event.preventDefault();
  // A key meant for a view that still loads must not act on the previous one.
  if (!ALWAYS.has(event.key) && !actions.isReady(NEEDS_DETAIL.has(event.key))) return;
  action(actions);
}

function singleKey(event: KeyboardEvent, target: HTMLElement, isOn: boolean): Action | undefined {
  if (event.key === "Escape") return LIST_KEYS.Escape;
  const isControl = target.matches("button, a, summary, [tabindex='0']");
  if (event.key === "Enter" && !isControl && isOn) return LIST_KEYS.Enter;
  return isOn ? SINGLE_KEYS[event.key] : undefined;
}

const ALWAYS: ReadonlySet<string> = new Set(["/", "Escape"]);
const NEEDS_DETAIL: ReadonlySet<string> = new Set(["r", "e", "x", " "]);

type Action = (actions: KeyActions) => void;

/** Keys of the list that is focused. They always work. */
const LIST_KEYS: Record<string, Action> = {
  ArrowDown: ({ move }) => move(1),
  ArrowUp: ({ move }) => move(-1),
  PageDown: ({ move }) => move(10),
  PageUp: ({ move }) => move(-10),
  Home: ({ move }) => move(Number.NEGATIVE_INFINITY),
  Enter: ({ enter }) => enter(),
  " ": ({ select }) => select(),
  Escape: ({ back }) => back(),
};

const SINGLE_KEYS: Record<string, Action> = {
  j: ({ move }) => move(1),
  k: ({ move }) => move(-1),
  r: ({ replay }) => replay(),
  e: ({ edit }) => edit(),
  x: ({ select }) => select(),
  "/": ({ search }) => search(),
  "?": ({ help }) => help(),
};
