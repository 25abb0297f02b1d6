import { readFileSync } from "node:fs";

/** The version of this package; `unknown` if its `package.json` is not beside it, for example in a bundle. */
export function packageVersion(): string {
  try {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    return String(version);
  } catch {
    return "unknown";
  }
}
