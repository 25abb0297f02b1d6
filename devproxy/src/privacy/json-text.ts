import { jsonTokens } from "./json-tokens.js";

/** Maximum indentation; deeper levels stay on the line where they start. */
const MAX_INDENT = 64;

/** A JSON document as text, so that numbers, duplicate keys and escapes are printed unchanged. */
export class JsonText {
  /** @param text valid JSON */
  constructor(readonly text: string) {}

  /** The text in lines, indented by two spaces. */
  pretty(): string {
    const out: string[] = [];
    let depth = 0;
    let last = "";
    const line = () => (depth > MAX_INDENT ? "" : `\n${"  ".repeat(depth)}`);
    for (const token of jsonTokens(this.text)) {
      if (token === "}" || token === "]") {
        const indent = depth > MAX_INDENT;
        depth--;
        if (last !== "{" && last !== "[" && !indent) out.push(line());
      } else if (last === "{" || last === "[" || last === ",") out.push(line());
      else if (last === ":") out.push(" ");
      if (token === "{" || token === "[") depth++;
      out.push(token);
      last = token;
    }
    return out.join("");
  }

  /** The text in one line. */
  compact(): string {
    return [...jsonTokens(this.text)].join("");
  }

  /** The parsed value, for `JSON.stringify`; numbers beyond a double's precision change. */
  toJSON(): unknown {
    return JSON.parse(this.text);
  }
}
