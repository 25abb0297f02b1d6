import { catalogue } from "airudder-webhooks/inspect";
import { isFieldName, type Redactor, redactProgramLine } from "../privacy/index.js";

const HIDDEN = "<hidden>";
/** A list of documented values, as a schema contains it. */
const VOCABULARY = /^\^\(\?:((?:[\w. ]|\\\.|\|)+)\)\$$/;
const DATE_TIME = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/;
/** The stable name of an id, such as `<call 1>`. */
const ID_NAME = /^<\w+ \d+>$/;

const CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/)[^\s@/]*@/gi;
const OTHER_URLS = /\b((?!https?:)[a-z][a-z0-9+.-]*:\/\/)([^\s/?#"'@]+)[^\s"']*/gi;
const PASSWORDS = /\b(pw|pwd|pass|passwd|passphrase|password|secret|token|key)(\s*[=:]\s*)[^\s"',;]+/gi;
const NAMES = /\p{Lu}[\p{Ll}'’-]+(?:\s+\p{Lu}[\p{Ll}'’-]+)+/gu;
const QUOTED = /(["'`])((?:(?!\1)[^\\\n])*)\1/g;
const IN_BRACKETS = /(=\s*)\(([^)]*)\)/g;

/**
 * What a drill shows of an output of `--verify`: numbers, dates, documented values and ids stay. Placeholders replace all other texts.
 */
export function redactVerify(redactor: Redactor): (text: string, kind: "name" | "value") => string {
  const known = documentedValues();
  return (text, kind) => {
    if (redactor.isOff || text === "" || ID_NAME.test(text)) return text;
    if (kind === "name") return isFieldName(text) ? text : redactor.path(text.replaceAll("/", "_"));
    if (known.has(text.toLowerCase()) || DATE_TIME.test(text)) return text;
    return String(redactor.responsePart(text, "/verify"));
  };
}

/** The values that the documentation lists for any field, such as `HANGUP`, in lower case. */
function documentedValues(): ReadonlySet<string> {
  const values = new Set<string>();
  const seen = new Set<object>();
  const visit = (shape: object | boolean | undefined) => {
    if (typeof shape !== "object" || seen.has(shape)) return;
    seen.add(shape);
    const { harmless, properties, items, additional } = shape as (typeof catalogue)[number]["shape"];
    for (const value of VOCABULARY.exec(harmless?.source ?? "")?.[1]?.split("|") ?? [])
      values.add(value.replaceAll("\\", "").toLowerCase());
    for (const property of Object.values(properties ?? {})) visit(property);
    visit(items);
    visit(additional);
  };
  for (const { shape } of catalogue) visit(shape);
  return values;
}

/**
 * The line of a program's output that tells why it failed: not `Node.js v20...`, and not a line of a stack trace.
 * @param redactor with `--reveal`, the line is unchanged
 */
export function errorLine(output: string, redactor: Redactor): string {
  const lines = output.split("\n").map((line) => line.trim());
  const useful = lines.filter((line) => /[\p{L}\d]/u.test(line) && !isNoise(line));
  const line = (
    useful.findLast((text) => /^(?:Uncaught )?\w*(?:Error|Exception)\b/.test(text)) ??
    useful.at(-1) ??
    ""
  ).slice(0, 200);
  return redactor.isOff ? line : redactErrorLine(line);
}

function isNoise(line: string): boolean {
  return /^(?:Node\.js v\d|at |\w+: ['"[{\d].*,?$|\[?cause\]?:|throw |node:internal|\(Use `node)/.test(line);
}

/** Replaces secrets, names of people and quoted values. The names of tables, columns and files stay. */
function redactErrorLine(line: string): string {
  const hidden = line
    .replace(CREDENTIALS, "$1")
    .replace(OTHER_URLS, "$1$2")
    .replace(PASSWORDS, `$1$2${HIDDEN}`)
    .replace(IN_BRACKETS, `$1(${HIDDEN})`)
    .replace(QUOTED, (quoted, quote: string, text: string) =>
      isFileOrField(text) ? quoted : `${quote}${HIDDEN}${quote}`,
    )
    .replace(NAMES, HIDDEN);
  return redactProgramLine(hidden);
}

function isFileOrField(text: string): boolean {
  return /^[a-z_][a-z0-9_.]*$/.test(text) || (/[\\/]/.test(text) && !/\s\s|:\/\//.test(text));
}
