import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type BuildOptions, buildSync } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));
const home = join(root, "devproxy");
const CLI = join(home, "src", "cli.ts");

/** Programs that tests run as child processes, as plain JavaScript: a TypeScript loader would double the start time. */
export interface Programs {
  cli: string;
  child: string;
  /** For `--import`: ends the process when the test that started it has ended. */
  exitWithParent: string;
}

let made: Programs | undefined;

/** Compiles the current sources, once per test file. Removes the output when the test file ends. */
export function programs(): Programs {
  made ??= compile();
  return made;
}

function compile(): Programs {
  const options = bundleOptions();
  buildSync({
    ...options,
    entryPoints: {
      cli: CLI,
      child: join(root, "test", "helpers", "devproxy-child.ts"),
      exitWithParent: join(root, "test", "helpers", "exit-with-parent.ts"),
    },
  });
  const file = (name: string): string => join(options.outdir, `${name}.mjs`);
  return { cli: file("cli"), child: file("child"), exitWithParent: pathToFileURL(file("exitWithParent")).href };
}

/** How the programs are bundled, into a new folder that is removed at the end of the process. */
export function bundleOptions() {
  // Inside the package, so that its dependencies are found.
  const modules = join(home, "node_modules");
  mkdirSync(modules, { recursive: true });
  const outdir = mkdtempSync(join(modules, ".test-"));
  process.on("exit", () => rmSync(outdir, { recursive: true, force: true }));
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
  return {
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "error",
    // The sources look for their own package.json beside them.
    define: { "import.meta.url": JSON.stringify(pathToFileURL(CLI).href) },
    external: Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => name !== "airudder-webhooks"),
  } satisfies BuildOptions;
}
