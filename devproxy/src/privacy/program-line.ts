import { replacePhonesAndEmails } from "./personal-data.js";

const HIDDEN = "<hidden>";

const URLS = /(https?:\/\/)(?:[^\s/@"']*@)?([^\s/?#"'@]+)[^\s"']*/gi;
const SECRETS =
  /\b((?:auth)?token|secret|password|api-?key|authorization|bearer)\b(["':=\s]+)(?:bearer\s+)?[^\s"',;]+/gi;

/**
 * Redacts a line that another program printed, such as a tunnel client. `<hidden>` replaces secrets, e-mail addresses and phone
 * numbers. Of a URL, only the scheme and the host stay.
 */
export function redactProgramLine(line: string): string {
  return replacePhonesAndEmails(line.replace(URLS, "$1$2").replace(SECRETS, `$1$2${HIDDEN}`), () => HIDDEN);
}
