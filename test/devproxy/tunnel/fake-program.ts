import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { TestContext } from "node:test";
import { makeFolder } from "../../helpers/folder.js";

/** A folder for the programs of a test. Until the test ends, it is the first folder of the PATH, or the only one if `only` is set. */
export class FakePrograms {
  readonly #dir: string;

  constructor(t: TestContext, { only = false } = {}) {
    this.#dir = makeFolder(t);
    const before = process.env.PATH;
    process.env.PATH = only ? this.#dir : this.#dir + delimiter + before;
    t.after(() => {
      process.env.PATH = before;
    });
  }

  /** Adds a program that stores its arguments and runs `script`, which may use `args` and `print`. */
  add(name: string, script: string): this {
    const text = `const args = process.argv.slice(2);
const print = (line) => console.log(line);
const stay = () => setInterval(() => {}, 1000);
require("node:fs").writeFileSync(${JSON.stringify(this.#argsFile(name))}, JSON.stringify(args));
${script}
`;
    const path = join(this.#dir, name);
    if (process.platform === "win32") {
      writeFileSync(`${path}.js`, text);
      writeFileSync(`${path}.cmd`, `@"${process.execPath}" "%~dp0${name}.js" %*\r\n`);
    } else {
      writeFileSync(path, `#!${process.execPath}\n${text}`);
      chmodSync(path, 0o755);
    }
    return this;
  }

  /** The arguments of its last start. */
  argsOf(name: string): string[] {
    return JSON.parse(readFileSync(this.#argsFile(name), "utf8"));
  }

  #argsFile(name: string): string {
    return join(this.#dir, `${name}.args.json`);
  }
}
