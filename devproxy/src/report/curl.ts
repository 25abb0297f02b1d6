import { isUtf8 } from "node:buffer";
import type { Content, HeaderMap, PushHead } from "airudder-webhooks/journal";
import { tokenFromEnvironment } from "../config/index.js";
import { endToEndHeaders, pathWithQuery, queryOf } from "../http/index.js";
import type { Row } from "../journal/index.js";
import type { Redactor } from "../privacy/index.js";
import { hasControls } from "./format.js";

/** Headers that curl sets itself, or that the tunnel adds. */
const OMITTED = /^(host|accept-encoding|content-length|x-forwarded-.*|forwarded|bypass-tunnel-reminder)$/;
/** Maximum size of a body in a command: systems limit the length of an argument. */
const MAX_INLINE_BYTES = 64 * 1024;
/** Comment of a command that contains placeholders. */
export const INCOMPLETE = "# <...> replaces redacted values: --reveal prints the complete command.";

/** The app to send to, and the journal that contains the push. */
export interface CurlOptions {
  target: URL;
  journal: string;
}

/**
 * Lines of a shell command that sends a push again, with the exact body. With `--reveal`, a short text body is part of the
 * command. Otherwise the command reads the body from the journal. If the redactor redacts a value, a comment says that the command is incomplete.
 */
export function curlLines(
  { push }: Row,
  { headers, body }: Content,
  redactor: Redactor,
  { target, journal }: CurlOptions,
): string[] {
  const text = redactor.isOff ? inlineText(body) : undefined;
  const { command, isComplete } = curlCommand({ push, headers, target }, redactor);
  const source = `npx airudder-devproxy show ${push.seq} --journal ${shellQuote(journal)} --raw`;
  const line = text === undefined ? `${source} | ${command(curlBody())}` : command(curlBody(text));
  return [...(isComplete ? [] : [INCOMPLETE]), line];
}

/** A request that curl sends. */
export interface CurlRequest {
  push: PushHead;
  headers: HeaderMap;
  /** URL of the app. The query of the push is added. */
  target: URL;
}

/** The arguments of curl for a body: a text, or the standard input. */
export function curlBody(text?: string): string {
  // --data-raw, because --data-binary reads a leading @ as a file name.
  return text === undefined ? "--data-binary @-" : `--data-raw ${shellQuote(text)}`;
}

/** A curl command. */
export interface CurlCommand {
  /** Returns the command. @param body the arguments of curl for the body, quoted for a shell */
  command(body: string): string;
  /** Whether nothing in the command is redacted, apart from the body. */
  isComplete: boolean;
}

/** The curl command for a push. */
export function curlCommand({ push, headers, target }: CurlRequest, redactor: Redactor): CurlCommand {
  const parts = ["curl", "-X", quoteBytes(redactor.method(push.method))];
  const sent = endToEndHeaders(headers);
  const redacted = redactor.headers(sent);
  for (const [name, value] of Object.entries(redacted)) {
    if (!OMITTED.test(name))
      for (const one of [value].flat()) parts.push("-H", quoteBytes(one === "" ? `${name};` : `${name}: ${one}`));
  }
  // The dev proxy adds the token to each push for the app.
  if (tokenFromEnvironment() !== undefined) parts.push("-H", '"Airudder-Token: $AIRUDDER_TOKEN"');
  // Without this option, curl adds the content type of a form.
  if (!Object.keys(sent).some((name) => name.toLowerCase() === "content-type")) parts.push("-H", "'Content-Type:'");
  const url = target.origin + pathWithQuery(target, queryOf(push.url));
  const redactedUrl = redactor.url(url);
  // curl expands brackets in a URL.
  const last = [...(/[[\]{}]/.test(url) ? ["--globoff"] : []), quoteBytes(redactedUrl)];
  return {
    command: (body) => [...parts, body, ...last].join(" "),
    isComplete: redactedUrl === url && JSON.stringify(redacted) === JSON.stringify(sent),
  };
}

/** A body as text for a command; `undefined` if it is too long, is not text, or contains control characters. */
export function inlineText(body: Buffer): string | undefined {
  if (body.length > MAX_INLINE_BYTES || !isUtf8(body)) return undefined;
  const text = body.toString("utf8");
  return hasControls(text.replace(/[\t\n]/g, "")) ? undefined : text;
}

/** A quoted word of a POSIX shell command. Control characters become octal escapes for `printf`, so that a terminal never receives them. */
export function shellQuote(text: string): string {
  if (/^[\w./:@-]+$/.test(text)) return text;
  return hasControls(text.replace(/[\t\n]/g, "")) ? printf(Buffer.from(text)) : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Like `quote`, for a header or a URL that has one character per byte. */
function quoteBytes(text: string): string {
  return /^[ -~]*$/.test(text)
    ? shellQuote(text)
    : printf(Buffer.from(text, /^[\0-\xff]*$/.test(text) ? "latin1" : "utf8"));
}

function printf(bytes: Buffer): string {
  const characters = Array.from(bytes, (byte) =>
    byte >= 0x20 && byte <= 0x7e && !"'\\%".includes(String.fromCharCode(byte))
      ? String.fromCharCode(byte)
      : `\\${byte.toString(8).padStart(3, "0")}`,
  );
  return `"$(printf '${characters.join("")}')"`;
}
