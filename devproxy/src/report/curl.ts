import { isUtf8 } from "node:buffer";
import type { Content } from "airudder-webhooks/journal";
import { tokenOfEnvironment } from "../config/index.js";
import { endToEndHeaders, pathAt, queryOf } from "../http/index.js";
import type { Row } from "../journal/index.js";
import type { Redactor } from "../privacy/index.js";
import { hasControls } from "./format.js";

const LEFT_OUT = /^(host|accept-encoding|content-length|x-forwarded-.*|forwarded|bypass-tunnel-reminder)$/;
/** Most of a body that stands in a command, bytes: an argument of a program has its limits. */
const INLINE_BYTES = 64 * 1024;
const INCOMPLETE = "# What is in <...> is hidden here: --reveal gives the complete command.";

/** Where a command is to send, and where the push is kept. */
export interface CurlPlace {
  target: URL;
  journal: string;
}

/**
 * Lines of a shell command that sends a push again, byte for byte, as it came in. The body is in it only when the redactor is open and it
 * is text of no great length; otherwise the command takes it out of the journal. What the redactor hides is missing in the command, which says so.
 */
export function curlLines(
  { push }: Row,
  { headers, body }: Content,
  redactor: Redactor,
  { target, journal }: CurlPlace,
): string[] {
  const text = redactor.isOff ? inlineText(body) : undefined;
  const parts = ["curl", "-X", quoteBytes(redactor.method(push.method))];
  const sent = endToEndHeaders(headers);
  const shown = redactor.headers(sent);
  for (const [name, value] of Object.entries(shown)) {
    if (!LEFT_OUT.test(name))
      for (const one of [value].flat()) parts.push("-H", quoteBytes(one === "" ? `${name};` : `${name}: ${one}`));
  }
  // The dev proxy adds it to each push for the app.
  if (tokenOfEnvironment() !== undefined) parts.push("-H", '"Airudder-Token: $AIRUDDER_TOKEN"');
  // Without this, curl adds the content type of a form.
  if (!Object.keys(sent).some((name) => name.toLowerCase() === "content-type")) parts.push("-H", "'Content-Type:'");
  const url = target.origin + pathAt(target, queryOf(push.url));
  // curl takes --data-binary with a leading @ for the name of a file, and brackets in a URL for a pattern of many.
  parts.push(...(text === undefined ? ["--data-binary", "@-"] : ["--data-raw", quote(text)]));
  if (/[[\]{}]/.test(url)) parts.push("--globoff");
  parts.push(quoteBytes(redactor.url(url)));
  const isComplete = redactor.url(url) === url && JSON.stringify(shown) === JSON.stringify(sent);
  const source = `npx airudder-devproxy show ${push.seq} --journal ${quote(journal)} --raw`;
  return [...(isComplete ? [] : [INCOMPLETE]), text === undefined ? `${source} | ${parts.join(" ")}` : parts.join(" ")];
}

/** A body as it can stand in a command; nothing for one that is too long, is no text, or could steer a terminal. */
function inlineText(body: Buffer): string | undefined {
  if (body.length > INLINE_BYTES || !isUtf8(body)) return undefined;
  const text = body.toString("utf8");
  return hasControls(text.replace(/[\t\n]/g, "")) ? undefined : text;
}

/** A word of a POSIX shell command. `printf` makes control characters, which must not reach a terminal. */
function quote(text: string): string {
  if (/^[\w./:@-]+$/.test(text)) return text;
  return hasControls(text.replace(/[\t\n]/g, "")) ? printf(Buffer.from(text)) : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The same for a header or a URL, whose characters stand for bytes. */
function quoteBytes(text: string): string {
  return /^[ -~]*$/.test(text) ? quote(text) : printf(Buffer.from(text, /^[\0-\xff]*$/.test(text) ? "latin1" : "utf8"));
}

function printf(bytes: Buffer): string {
  const letters = Array.from(bytes, (byte) =>
    byte >= 0x20 && byte <= 0x7e && !"'\\%".includes(String.fromCharCode(byte))
      ? String.fromCharCode(byte)
      : `\\${byte.toString(8).padStart(3, "0")}`,
  );
  return `"$(printf '${letters.join("")}')"`;
}
