import { parsePointer } from "airudder-webhooks/inspect";
import { usageError } from "../errors.js";
import { isValidJson } from "../privacy/index.js";

/** One edit of a payload. */
export interface Edit {
  /** As given, for messages. */
  path: string;
  /** The names and indexes in the path. */
  steps: string[];
  value: string;
  /**
   * Whether `value` is JSON (`path:=value`). Otherwise (`path=value`), it is set as a string, unless it is a JSON number, boolean or null and
   * replaces a value that is not a string.
   */
  isJson: boolean;
}

const EXAMPLE =
  "Give a path and a value, such as Details[0].Status=failed, or Details[0].RingType:=null for a JSON value.";

/**
 * Parses `path=value` or `path:=json`. A path is `Details[0].Status`, or a JSON pointer such as `/Details/0/Status`.
 * @throws DevproxyError `usage`
 */
export function parseEdit(text: string): Edit {
  const equals = text.indexOf("=");
  if (equals <= 0) throw usageError(`--set "${text}" is not path=value. ${EXAMPLE}`);
  const isJson = text[equals - 1] === ":";
  const path = text.slice(0, isJson ? equals - 1 : equals).trim();
  const value = text.slice(equals + 1);
  const steps = stepsOf(path);
  if (steps === undefined) throw usageError(`--set "${text}": "${path}" is not a path. ${EXAMPLE}`);
  if (isJson && !isValidJson(value))
    throw usageError(`--set "${text}": ${value || "an empty value"} is not valid JSON. ${EXAMPLE}`);
  return { path, steps, value, isJson };
}

function stepsOf(path: string): string[] | undefined {
  if (path.startsWith("/")) return parsePointer(path);
  if (!/^[^.[\]]+(\.[^.[\]]+|\[\d+\])*$/.test(path)) return undefined;
  return path.split(/[.[\]]+/).filter((step) => step !== "");
}

/** Formats the steps of a path as in `--set`, such as `Details[0].Status`. */
export function formatPath(steps: readonly string[]): string {
  return steps.reduce(
    (path, step) => (/^\d+$/.test(step) ? `${path}[${step}]` : path === "" ? step : `${path}.${step}`),
    "",
  );
}
