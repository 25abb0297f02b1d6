import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";

/** The files of the page, by path. They contain no data, so they need no token. */
const FILES: Readonly<Record<string, { file: string; type: string }>> = {
  "/": { file: "index.html", type: "text/html; charset=utf-8" },
  "/page.js": { file: "page.js", type: "text/javascript; charset=utf-8" },
  "/page.css": { file: "page.css", type: "text/css; charset=utf-8" },
};

const NOT_BUILT =
  "The inspector is not built. Run npm run build in the repository. The API works without it: see API.md.\n";

/** Whether a path is that of a file of the page. */
export function isPageFile(path: string): boolean {
  return Object.hasOwn(FILES, path);
}

/** Sends a file of the page. */
export function sendPageFile(path: string, response: ServerResponse): void {
  const { file, type } = FILES[path] as { file: string; type: string };
  const bytes = readPageFile(file);
  if (bytes === undefined) response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end(NOT_BUILT);
  else response.writeHead(200, { "content-type": type, "content-length": bytes.length }).end(bytes);
}

/** The bytes of a built file; `undefined` if the page is not built. Sources run from `src/`, the page is always in `dist/`. */
function readPageFile(file: string): Buffer | undefined {
  try {
    return readFileSync(new URL(`../../dist/page/${file}`, import.meta.url));
  } catch {
    return undefined;
  }
}
