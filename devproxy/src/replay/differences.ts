import { pointerStep } from "airudder-webhooks/inspect";

/** A place where two answers differ. A side that is not there is absent. */
export interface ResponseDifference {
  /** JSON pointer into the body; `status` for the status. */
  path: string;
  before?: unknown;
  after?: unknown;
}

const MOST = 50;

/** Where two answers differ: field by field when both bodies are JSON, as a whole otherwise. */
export function compareBodies(before: Buffer, after: Buffer): ResponseDifference[] {
  if (before.equals(after)) return [];
  const left = parse(before);
  const right = parse(after);
  if (left === undefined || right === undefined) {
    return [{ path: "", before: left ?? before.toString("utf8"), after: right ?? after.toString("utf8") }];
  }
  const found: ResponseDifference[] = [];
  compare("", left, right, found);
  return found;
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}

function compare(path: string, before: unknown, after: unknown, found: ResponseDifference[]): void {
  if (found.length >= MOST || before === after) return;
  if (!isTree(before) || !isTree(after) || Array.isArray(before) !== Array.isArray(after)) {
    found.push({ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) });
    return;
  }
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const inner = path + pointerStep(name);
    compare(inner, ownValue(before, name), ownValue(after, name), found);
  }
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function ownValue(tree: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(tree, name) ? tree[name] : undefined;
}
