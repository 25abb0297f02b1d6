import { usageError } from "../errors.js";

/** Reads statuses that are right: `2xx`, `200`, or a list `200,404`. Gives a test for one. */
export function parseExpect(text: string): (status: number | null) => boolean {
  const parts = text.split(",").map((part) => part.trim().toLowerCase());
  if (!parts.every((part) => /^[1-5](\d\d|xx)$/.test(part))) {
    throw usageError(`--expect "${text}" is no status. Give 2xx, 200, or a list such as 200,404.`);
  }
  return (status) =>
    status !== null && parts.some((part) => part === String(status) || part === `${Math.floor(status / 100)}xx`);
}
