import { pointerStep } from "airudder-webhooks/inspect";

/** A value that differs between two responses, or between two versions of a push. `before` or `after` is absent if that side has no value. */
export interface ResponseDifference {
  /** JSON pointer into the body; `status` or `result` if that differs. */
  path: string;
  before?: unknown;
  after?: unknown;
}

const MAX_DIFFERENCES = 50;

/** Returns where two bodies differ: each field if both are JSON, otherwise the whole bodies. At most 50 differences. */
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
  if (found.length >= MAX_DIFFERENCES || before === after) return;
  if (!isContainer(before) || !isContainer(after) || Array.isArray(before) !== Array.isArray(after)) {
    found.push({ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) });
    return;
  }
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const childPath = path + pointerStep(name);
    compare(childPath, ownValue(before, name), ownValue(after, name), found);
  }
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function ownValue(container: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(container, name) ? container[name] : undefined;
}
