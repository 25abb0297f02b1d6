import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { FieldInfo, MismatchJson, SchemaInfo } from "../api/index.js";
import { count } from "./format.js";
import { isPlaceholder, type JsonNode, nodeAt } from "./json-nodes.js";
import { LongText, Text, withoutBackticks } from "./text.js";

/** Number of members of one object or array that are shown before the reader asks for more. */
const MAX_CHILDREN = 100;
/** Levels that are open at first. */
const OPEN_LEVELS = 4;

export interface JsonTreeProps {
  root: JsonNode;
  schema: SchemaInfo | null;
  mismatches: readonly MismatchJson[];
  /** The same text without redaction, if the reader revealed a field. */
  revealed: JsonNode | undefined;
  /** Places of the fields that the reader revealed. */
  shown: ReadonlySet<string>;
  onReveal(place: string): void;
}

/** A body as a tree, with what the schema says about each field, and what differs from it. */
export function JsonTree(props: JsonTreeProps): JSX.Element {
  const byPath = useMemo(() => groupByPath(props.mismatches), [props.mismatches]);
  return (
    <ul class="tree" aria-label="Body">
      <Node {...props} node={props.root} byPath={byPath} depth={0} />
    </ul>
  );
}

function groupByPath(mismatches: readonly MismatchJson[]): Map<string, MismatchJson[]> {
  const byPath = new Map<string, MismatchJson[]>();
  for (const mismatch of mismatches) byPath.set(mismatch.path, [...(byPath.get(mismatch.path) ?? []), mismatch]);
  return byPath;
}

type NodeProps = JsonTreeProps & { node: JsonNode; byPath: ReadonlyMap<string, MismatchJson[]>; depth: number };

function Node(props: NodeProps): JSX.Element {
  const { node, byPath, depth, schema } = props;
  const isContainer = node.kind === "object" || node.kind === "array";
  const [isOpen, setOpen] = useState(depth < OPEN_LEVELS && node.children.length <= MAX_CHILDREN);
  const [limit, setLimit] = useState(MAX_CHILDREN);
  const mismatches = byPath.get(node.pointer) ?? [];
  const missing = isContainer ? missingFields(node, byPath) : [];
  const name = node.key ?? (depth === 0 ? "" : `${node.pointer.split("/").at(-1)}`);
  const classes = mismatches.length > 0 ? "node differs" : "node";
  return (
    <li class={classes}>
      <div class="line">
        <div class="field">
          {isContainer && node.children.length + missing.length > 0 && depth > 0 ? (
            <button type="button" class="fold" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
              <span class={isOpen ? "arrow down" : "arrow"} aria-hidden="true" />
              <span class="hidden">{isOpen ? "Close" : "Open"} </span>
              <Key name={name} />
            </button>
          ) : (
            depth > 0 && <Key name={name} />
          )}
          <Value {...props} />
        </div>
        <Meaning info={fieldInfo(schema, node.pointer)} />
      </div>
      {mismatches.map((mismatch) => (
        <Difference key={`${mismatch.kind}${mismatch.expected}`} mismatch={mismatch} />
      ))}
      {isContainer && (isOpen || depth === 0) && (
        <ul>
          {node.children.slice(0, limit).map((child) => (
            <Node key={child.place} {...props} node={child} depth={depth + 1} />
          ))}
          {node.children.length > limit && (
            <li>
              <button type="button" class="link" onClick={() => setLimit(limit + MAX_CHILDREN)}>
                Show {Math.min(MAX_CHILDREN, node.children.length - limit)} more of {count(node.children.length)}
              </button>
            </li>
          )}
          {missing.map((mismatch) => (
            <li key={mismatch.path} class="node differs">
              <div class="line">
                <div class="field">
                  <Key name={mismatch.path.split("/").at(-1) ?? ""} />
                  <span class="muted">missing</span>
                </div>
                <Meaning info={fieldInfo(schema, mismatch.path)} />
              </div>
              <Difference mismatch={mismatch} />
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

function missingFields(node: JsonNode, byPath: ReadonlyMap<string, MismatchJson[]>): MismatchJson[] {
  if (byPath.size === 0) return [];
  const known = new Set(node.children.map(({ pointer }) => pointer));
  return [...byPath.values()]
    .flat()
    .filter(({ path, kind }) => kind === "missing_field" && !known.has(path) && parentOf(path) === node.pointer);
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

function Key({ name }: { name: string }): JSX.Element {
  return (
    <span class="key">
      <Text>{name.length > 200 ? `${name.slice(0, 200)}…` : name}</Text>
    </span>
  );
}

function Value({ node, revealed, shown, onReveal }: NodeProps): JSX.Element {
  if (node.kind === "object" || node.kind === "array") {
    const [open, close] = node.kind === "object" ? "{}" : "[]";
    const size = node.children.length;
    return (
      <span class="muted">
        {open}
        {size > 0 && ` ${count(size)} `}
        {close}
      </span>
    );
  }
  const isRevealed = shown.has(node.place) && revealed !== undefined;
  const value = isRevealed ? nodeAt(revealed, node.place) : node;
  if (value === undefined || value.kind === "object" || value.kind === "array")
    return <span class="muted">Not available</span>;
  const isRedacted = !isRevealed && node.kind === "string" && isPlaceholder(node.text);
  return (
    <>
      <span class={`value ${isRedacted ? "redacted" : value.kind}`}>
        {value.kind === "string" && !isRedacted ? (
          <>
            "<LongText>{value.text}</LongText>"
          </>
        ) : (
          <Text>{value.text}</Text>
        )}
      </span>
      {isRedacted && (
        <button
          type="button"
          class="link"
          aria-label={`Reveal ${node.key ?? "value"}`}
          onClick={() => onReveal(node.place)}
        >
          reveal
        </button>
      )}
    </>
  );
}

/** What the schema says about a field. Its paths have `*` for indexes and for keys that the schema does not name. */
function fieldInfo(schema: SchemaInfo | null, pointer: string): FieldInfo | undefined {
  if (schema === null || pointer === "") return undefined;
  const { fields } = schema;
  if (Object.hasOwn(fields, pointer)) return fields[pointer];
  let prefix = "";
  for (const step of pointer.split("/").slice(1)) {
    const exact = `${prefix}/${step}`;
    const isKnown = Object.keys(fields).some((path) => path === exact || path.startsWith(`${exact}/`));
    prefix = isKnown ? exact : `${prefix}/*`;
  }
  return Object.hasOwn(fields, prefix) ? fields[prefix] : undefined;
}

const PROVENANCE: Record<FieldInfo["provenance"], string> = {
  documented: "documented by the vendor",
  observed: "observed in pushes, not documented",
  inferred: "inferred from related pushes, not documented",
  unknown: "not documented",
};

function Meaning({ info }: { info: FieldInfo | undefined }): JSX.Element | null {
  if (info === undefined) return null;
  const values = info.enum?.map((value) => JSON.stringify(value)).join(", ");
  const notes = [PROVENANCE[info.provenance], info.meaningIsOurs && "description by this project"]
    .filter(Boolean)
    .join("; ");
  return (
    <span class="meaning">
      {info.meaning === undefined ? "" : withoutBackticks(info.meaning)}
      {info.unit !== undefined && ` Unit: ${info.unit}.`}{" "}
      <span
        class={`provenance ${info.provenance}`}
        title={values === undefined ? notes : `${notes}. Values: ${values}`}
      >
        {info.provenance}
      </span>
    </span>
  );
}

const KINDS: Record<MismatchJson["kind"], string> = {
  unknown_field: "Unknown field",
  missing_field: "Missing field",
  wrong_type: "Wrong type",
  unknown_value: "Unknown value",
};

/** How a value differs from the schema. */
export function Difference({ mismatch }: { mismatch: MismatchJson }): JSX.Element {
  return (
    <div class="difference">
      <strong>{KINDS[mismatch.kind] ?? mismatch.kind}</strong>
      {": expected "}
      <Text>{mismatch.expected}</Text>
      {", received "}
      <Text>{mismatch.got}</Text>
    </div>
  );
}
