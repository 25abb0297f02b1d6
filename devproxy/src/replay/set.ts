import { parsePointer } from "airudder-webhooks/inspect";
import { usageError } from "../errors.js";

/** One edit of a payload. */
export interface Edit {
  /** As it was written, for messages. */
  path: string;
  steps: string[];
  value: string;
  /** Whether `value` is JSON (`path:=value`), not text that takes the type of what it replaces (`path=value`). */
  isJson: boolean;
}

const EXAMPLE =
  "Give a path and a value, such as Details[0].Status=failed, or Details[0].RingType:=null for a JSON value.";

/**
 * Reads `path=value` or `path:=json`. A path is written `Details[0].Status`, or as JSON pointer `/Details/0/Status`.
 * @throws DevproxyError `usage`
 */
export function parseEdit(text: string): Edit {
  const sign = text.indexOf("=");
  if (sign <= 0) throw usageError(`--set "${text}" has no value. ${EXAMPLE}`);
  const isJson = text[sign - 1] === ":";
  const path = text.slice(0, isJson ? sign - 1 : sign).trim();
  const value = text.slice(sign + 1);
  const steps = stepsOf(path);
  if (steps === undefined) throw usageError(`--set "${text}": "${path}" is no path. ${EXAMPLE}`);
  if (isJson && !isValidJson(value)) throw usageError(`--set "${text}": ${value || "nothing"} is no JSON. ${EXAMPLE}`);
  return { path, steps, value, isJson };
}

function stepsOf(path: string): string[] | undefined {
  if (path.startsWith("/")) return parsePointer(path);
  if (!/^[^.[\]]+(\.[^.[\]]+|\[\d+\])*$/.test(path)) return undefined;
  return path.split(/[.[\]]+/).filter((step) => step !== "");
}

function isValidJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
