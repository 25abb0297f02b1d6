import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { PushDetail } from "../api/index.js";
import { pageAdvice } from "./format.js";
import { isPlaceholder, parseNodes, prettyJson } from "./json-nodes.js";
import { Difference, JsonTree } from "./json-tree.js";
import { LongText, Text } from "./text.js";

/** Maximum length of a body whose tree is built. */
const MAX_TREE_CHARACTERS = 4_000_000;

/** The body: as a tree, or as text. */
export function BodySection(props: {
  detail: PushDetail;
  full: PushDetail | undefined;
  onReveal(): void;
}): JSX.Element {
  const { detail, full } = props;
  const [isRaw, setRaw] = useState(false);
  const [shown, setShown] = useState<ReadonlySet<string>>(new Set());
  const [isAllShown, setAllShown] = useState(false);
  const root = useMemo(() => treeOf(detail), [detail]);
  const fullRoot = useMemo(() => full && treeOf(full), [full]);
  const all = isAllShown && full !== undefined ? full : detail;
  const isTree = !isRaw && root !== undefined;
  const found = new Set<string>();
  if (isTree) for (const { path } of detail.mismatches) if (pointerExists(root, path)) found.add(path);
  const elsewhere = detail.mismatches.filter(({ path, kind }) => kind !== "missing_field" && !found.has(path));
  const isRedacted =
    detail.text.includes("<") && (root === undefined ? isPlaceholder(detail.text) : hasPlaceholder(root));
  return (
    <section aria-labelledby="body-title">
      <div class="section-head">
        <h3 id="body-title">Body</h3>
        <div class="segmented" role="group" aria-label="View of the body">
          <button type="button" aria-pressed={isTree} disabled={root === undefined} onClick={() => setRaw(false)}>
            Tree
          </button>
          <button type="button" aria-pressed={!isTree} onClick={() => setRaw(true)}>
            Raw
          </button>
        </div>
        {isRedacted && !isAllShown && (
          <button
            type="button"
            class="link"
            onClick={() => {
              setAllShown(true);
              props.onReveal();
            }}
          >
            Reveal the body
          </button>
        )}
      </div>
      {detail.text === "" && <p class="muted">The body is empty.</p>}
      {isTree ? (
        <>
          {elsewhere.map((mismatch) => (
            <p key={`${mismatch.path}${mismatch.kind}`} class="elsewhere">
              <span class="mono">
                <Text>{mismatch.path || "(body)"}</Text>
              </span>
              <Difference mismatch={mismatch} />
            </p>
          ))}
          <JsonTree
            root={isAllShown && fullRoot !== undefined ? fullRoot : root}
            schema={detail.schema}
            mismatches={detail.mismatches}
            revealed={fullRoot}
            shown={shown}
            onReveal={(place) => {
              setShown(new Set([...shown, place]));
              props.onReveal();
            }}
          />
        </>
      ) : (
        <pre class="raw" tabIndex={0} aria-label="Body as text">
          <LongText key={String(isAllShown)} max={50_000}>
            {(all.isJson ? prettyJson(all.text) : undefined) ?? pageAdvice(all.text)}
          </LongText>
        </pre>
      )}
    </section>
  );
}

function treeOf({ isJson, text }: PushDetail) {
  return isJson && text.length <= MAX_TREE_CHARACTERS ? parseNodes(text) : undefined;
}

function pointerExists(root: NonNullable<ReturnType<typeof treeOf>>, pointer: string): boolean {
  let node: typeof root | undefined = root;
  while (node !== undefined && node.pointer !== pointer) {
    node = node.children.find((child) => pointer === child.pointer || pointer.startsWith(`${child.pointer}/`));
  }
  return node !== undefined;
}

function hasPlaceholder(root: NonNullable<ReturnType<typeof treeOf>>): boolean {
  const rest = [root];
  for (let node = rest.pop(); node !== undefined; node = rest.pop()) {
    if (node.kind === "string" && isPlaceholder(node.text)) return true;
    rest.push(...node.children.slice(0, 10_000));
  }
  return false;
}
