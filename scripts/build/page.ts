import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

/** The files of the page, which the inspector serves. */
export const PAGE_FILES = ["index.html", "page.js", "page.css"] as const;

/**
 * Bundles the page of the inspector: `index.html`, `page.js` and `page.css`.
 * @param from folder of the sources
 * @param to folder of the files; created if missing
 */
export async function buildPage(from: string, to: string): Promise<void> {
  mkdirSync(to, { recursive: true });
  copyFileSync(join(from, "index.html"), join(to, "index.html"));
  await build({
    entryPoints: [
      { in: join(from, "main.tsx"), out: "page" },
      { in: join(from, "page.css"), out: "page" },
    ],
    outdir: to,
    bundle: true,
    minify: true,
    format: "esm",
    target: ["chrome109", "firefox115", "safari16.4"],
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    logLevel: "warning",
  });
}
