import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Inside the dev proxy, so that its dependencies are found. Outside of node_modules, where Node hides some deprecations. */
const home = join(root, "devproxy", "coverage");

/**
 * Compiles test files, and the sources of both packages that they import, to JavaScript. npm packages are not bundled.
 * @param files paths from the root of the repository
 * @returns the compiled files, in the same order. They are removed at the end of this process.
 */
export async function compileTests(files: readonly string[]): Promise<string[]> {
  mkdirSync(home, { recursive: true });
  const folder = mkdtempSync(join(home, "tests-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  await build({
    absWorkingDir: root,
    entryPoints: [...files],
    outbase: root,
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20.19",
    sourcemap: "linked",
    tsconfig: join(root, "tsconfig.json"),
    jsx: "automatic",
    jsxImportSource: "preact",
    logLevel: "warning",
    define: { "import.meta.url": "sourceUrl", "import.meta.dirname": "sourceFolder" },
    plugins: [sourceLocation],
  });
  return files.map((file) => join(folder, file.replace(/\.ts$/, ".mjs")));
}

/** Each module keeps the URL of its source, because tests and sources look for files beside them. */
const sourceLocation: Plugin = {
  name: "source-location",
  setup({ onLoad }) {
    onLoad({ filter: /\.tsx?$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      if (!text.includes("import.meta.")) return undefined;
      const [url, folder] = [pathToFileURL(path).href, dirname(path)].map((value) => JSON.stringify(value));
      const contents = `const sourceUrl = ${url}, sourceFolder = ${folder}; ${text}`;
      return { contents, loader: path.endsWith("x") ? "tsx" : "ts" };
    });
  },
};
