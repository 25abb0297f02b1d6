const HIDDEN = "<hidden>";

const URLS = /(https?:\/\/)(?:[^\s/@"']*@)?([^\s/?#"'@]+)[^\s"']*/gi;
const SECRETS =
  /\b((?:auth)?token|secret|password|api-?key|authorization|bearer)\b(["':=\s]+)(?:bearer\s+)?[^\s"',;]+/gi;
const EMAILS = /[\w.+-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63})+/g;
/** Digits as phone numbers are written: at least seven, with separators in between. */
const PHONES = /(?<![\w.])\+?\(?\d(?:[\s()-]{0,2}\d){6,}(?![\w])/g;

/**
 * A line that a program of the user printed, such as a tunnel's, without secrets and personal data: URLs keep their host alone; secrets,
 * e-mail addresses and phone numbers are hidden.
 */
export function redactProgramLine(line: string): string {
  return line.replace(URLS, "$1$2").replace(SECRETS, `$1$2${HIDDEN}`).replace(EMAILS, HIDDEN).replace(PHONES, HIDDEN);
}
