import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { FilterQuery } from "../api/index.js";
import { useDebounced } from "./context.js";
import { shortId, visibleText } from "./format.js";
import { Menu } from "./menu.js";

const STATUSES = [
  "failed",
  "dead",
  "undelivered",
  "quarantined",
  "ignored",
  "stored",
  "handled",
  "accepted",
  "dropped",
];

const TYPES = [
  "call.completed",
  "call.completed.info_check",
  "chatbot.session.ended",
  "custom_node.push",
  "dialer.agent",
  "dialer.contact",
  "dialer.task",
  "waba.message.status",
  "workflow.list.completed",
  "workflow.status",
  "unknown",
  "unparsable",
];

/** The filters in words: `failed, call.completed, since 10m`. */
export function filterText({ status, type, text, ...others }: FilterQuery): string {
  const words = [
    status,
    type,
    ...Object.entries(others).map(([name, value]) => (value ? `${name} ${shortId(value)}` : undefined)),
    text ? `text “${text.length > 30 ? `${text.slice(0, 30)}…` : text}”` : undefined,
  ];
  return visibleText(words.filter((word) => word !== undefined && word !== "").join(", "));
}

export interface FiltersProps {
  filters: FilterQuery;
  onChange(filters: FilterQuery): void;
}

/** The search field and the filters of the lists. Values are those of the flags of `list`. */
export function Filters({ filters, onChange }: FiltersProps): JSX.Element {
  const set = (name: keyof FilterQuery) => (value: string) => {
    const { [name]: _, ...others } = filters;
    onChange(value === "" ? others : { ...others, [name]: value });
  };
  const extra = (["task", "call", "workflow", "since", "until"] as const).filter((name) => filters[name]).length;
  return (
    <search class="filters">
      <TextFilter
        id="search"
        type="search"
        label="Search the bodies of all pushes"
        placeholder="Search bodies  /"
        value={filters.text ?? ""}
        onChange={set("text")}
      />
      <Select label="Status" all="Any status" options={STATUSES} value={filters.status} onChange={set("status")} />
      <Select label="Type" all="Any type" options={TYPES} value={filters.type} onChange={set("type")} />
      <Menu label={`More filters${extra > 0 ? ` (${extra})` : ""}`} class="form">
        <Labelled name="Task" value={filters.task} onChange={set("task")} hint="id" />
        <Labelled name="Call" value={filters.call} onChange={set("call")} hint="id" />
        <Labelled name="Workflow" value={filters.workflow} onChange={set("workflow")} hint="id" />
        <Labelled name="Since" value={filters.since} onChange={set("since")} hint="10m, 2h, 2026-01-31T08:00" />
        <Labelled name="Until" value={filters.until} onChange={set("until")} hint="10m, 2h, 2026-01-31T08:00" />
      </Menu>
      {filterText(filters) !== "" && (
        <button type="button" onClick={() => onChange({})}>
          Clear filters
        </button>
      )}
    </search>
  );
}

function Labelled(props: {
  name: string;
  value: string | undefined;
  hint: string;
  onChange(value: string): void;
}): JSX.Element {
  const id = `filter-${props.name.toLowerCase()}`;
  return (
    <>
      <label for={id}>{props.name}</label>
      <TextFilter
        id={id}
        type="text"
        value={props.value ?? ""}
        placeholder={props.hint}
        onChange={(value) => props.onChange(value.trim())}
      />
    </>
  );
}

/** A field whose value is applied 200 ms after the last key. */
function TextFilter(props: {
  id: string;
  type: "search" | "text";
  label?: string;
  placeholder: string;
  value: string;
  onChange(value: string): void;
}): JSX.Element {
  const [draft, setDraft] = useState(props.value);
  const stable = useDebounced(draft, 200);
  const sent = useRef(props.value);
  useEffect(() => {
    if (stable === draft && stable !== sent.current) {
      sent.current = stable;
      props.onChange(stable);
    }
  }, [stable]);
  useEffect(() => {
    if (props.value === sent.current) return;
    sent.current = props.value;
    setDraft(props.value);
  }, [props.value]);
  return (
    <input
      id={props.id}
      type={props.type}
      list={undefined}
      aria-label={props.label}
      placeholder={props.placeholder}
      value={draft}
      autocomplete="off"
      spellcheck={false}
      onInput={(event) => setDraft(event.currentTarget.value)}
    />
  );
}

function Select(props: {
  label: string;
  all: string;
  options: readonly string[];
  value: string | undefined;
  onChange(value: string): void;
}): JSX.Element {
  return (
    <select
      aria-label={props.label}
      value={props.value ?? ""}
      class={props.value === undefined ? "" : "set"}
      onChange={(event) => props.onChange(event.currentTarget.value)}
    >
      <option value="">{props.all}</option>
      {props.options.map((option) => (
        <option key={option} value={option}>
          {option}
        </option>
      ))}
    </select>
  );
}
