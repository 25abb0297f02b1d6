import { validateHeaderName, validateHeaderValue } from "node:http";
import type { HeaderMap } from "airudder-webhooks/journal";

/** The headers whose names and values HTTP allows. An imported push can have others. */
export function sendableHeaders(headers: HeaderMap): HeaderMap {
  return Object.fromEntries(Object.entries(headers).filter(([name, value]) => isSendable(name, value)));
}

function isSendable(name: string, value: string | string[]): boolean {
  try {
    validateHeaderName(name);
    for (const one of [value].flat()) validateHeaderValue(name, one);
    return true;
  } catch {
    return false;
  }
}
