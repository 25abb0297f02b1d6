import { usageError } from "../errors.js";

/** Where pushes go when nothing else is said. */
export const DEFAULT_TARGET = "http://localhost:3000/webhooks/airudder";

/** Checks the URL of an app. `option` names it in the message. */
export function parseTarget(text: string, option = "--target"): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    // What follows a question mark may be a token.
    const shown = text.split("?", 1)[0];
    throw usageError(`${option} "${shown}" is not an http(s) URL. Give the whole address, such as ${DEFAULT_TARGET}`);
  }
  if (url.username || url.password) throw usageError(`${option} must not carry a user name or password.`);
  return url;
}
