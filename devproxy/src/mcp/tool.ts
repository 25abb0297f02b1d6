import { TYPE_NAMES } from "airudder-webhooks/inspect";
import { FILTERS, type Filters, pickFilters, STATUSES, testsOf } from "../journal/index.js";
import type { ArgumentSchema, Arguments, InputSchema } from "./arguments.js";
import type { ToolOutput } from "./result.js";

/** What a call of a tool receives besides its arguments. */
export interface CallContext {
  /** Aborted if the client cancels the request, or the server ends. */
  signal: AbortSignal;
  onProgress(done: number, total: number): void;
}

/** A tool, as `tools/list` describes it, and what it does. */
export interface Tool {
  name: string;
  title: string;
  description: string;
  inputSchema: InputSchema;
  annotations: { readOnlyHint: boolean; destructiveHint: boolean; idempotentHint: boolean; openWorldHint: boolean };
  /**
   * @param given arguments that match `inputSchema`
   * @throws DevproxyError, JournalError
   */
  call(given: Arguments, context: CallContext): Promise<ToolOutput>;
}

const ALLOWED: { [name in keyof Filters]?: readonly string[] } = { type: TYPE_NAMES, status: STATUSES };

/** The filters of `list` as arguments of a tool. */
export const FILTER_ARGUMENTS: Record<string, ArgumentSchema> = Object.fromEntries(
  Object.entries(FILTERS).map(([name, { description }]): [string, ArgumentSchema] => {
    const allowed = ALLOWED[name as keyof Filters];
    return [name, { type: "string", description, ...(allowed && { enum: allowed }) }];
  }),
);

/**
 * The filters among the arguments of a call.
 * @throws DevproxyError `usage`, naming the filter
 */
export function filtersOf(given: Arguments): Filters {
  const filters = pickFilters(given as Filters);
  testsOf(filters);
  return filters;
}

/** Hints for a tool that changes nothing. */
export const READ_ONLY = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
