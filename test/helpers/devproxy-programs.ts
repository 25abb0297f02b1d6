import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type BuildOptions, buildSync } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));
const home = join(root, "devproxy");
const CLI = join(home, "src", "cli.ts");

/** What runs in processes of its own in tests, as plain JavaScript: a loader would double the time that each takes to start. */
export interface Programs {
  cli: string;
  child: string;
  /** For `--import`: ends the process with the test that started it. */
  leash: string;
}

let made: Programs | undefined;

/** Compiles today's sources, once for each test file; what is made is removed at its end. */
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
      leash: join(root, "test", "helpers", "devproxy-leash.ts"),
    },
  });
  const file = (name: string): string => join(options.outdir, `${name}.mjs`);
  return { cli: file("cli"), child: file("child"), leash: pathToFileURL(file("leash")).href };
}

/** How the programs are bundled, into a new folder that is removed at the end of the process. */
export function bundleOptions() {
  // Inside the package, so that its dependencies are found.
  const modules = join(home, "node_modules");
  mkdirSync(modules, { recursive: true });
  const outdir = mkdtempSync(join(modules, ".test-"));
  process.on("exit", () => rmSync(outdir, { recursive: true, force: true }));
  const { dependencies } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
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
    external: Object.keys(dependencies).filter((name) => name !== "airudder-webhooks"),
  } satisfies BuildOptions;
}
