import { isUtf8 } from "node:buffer";
import type { Content } from "airudder-webhooks/journal";
import { endToEndHeaders } from "../ingress/headers.js";
import { pathAt, queryOf } from "../ingress/query.js";
import type { Row } from "../journal/rows.js";
import type { Curtain } from "../privacy/curtain.js";

const LEFT_OUT = /^(host|accept-encoding|content-length|x-forwarded-.*|forwarded|bypass-tunnel-reminder)$/;
const INCOMPLETE = "# What is in <...> is hidden here: --reveal gives the complete command.";

/** Where a command is to send, and where the push is kept. */
export interface CurlPlace {
  target: URL;
  journal: string;
}

/**
 * Lines of a shell command that sends a push again, byte for byte, as it came in. The body is in it only when the curtain is open and it
 * is text; otherwise the command takes it out of the journal. What the curtain hides is missing in the command, which says so.
 */
export function curlLines(
  { push }: Row,
  { headers, body }: Content,
  curtain: Curtain,
  { target, journal }: CurlPlace,
): string[] {
  const isInline = curtain.isOpen && isUtf8(body) && !body.includes(0);
  const parts = ["curl", "-X", push.method];
  const sent = endToEndHeaders(headers);
  const shown = curtain.headers(sent);
  for (const [name, value] of Object.entries(shown)) {
    if (!LEFT_OUT.test(name)) for (const one of [value].flat()) parts.push("-H", quote(`${name}: ${one}`));
  }
  const url = target.origin + pathAt(target, queryOf(push.url));
  parts.push("--data-binary", isInline ? quote(body.toString("utf8")) : "@-", quote(curtain.url(url)));
  const isComplete = curtain.url(url) === url && JSON.stringify(shown) === JSON.stringify(sent);
  const source = `npx airudder-devproxy show ${push.seq} --journal ${quote(journal)} --raw`;
  return [...(isComplete ? [] : [INCOMPLETE]), isInline ? parts.join(" ") : `${source} | ${parts.join(" ")}`];
}

function quote(text: string): string {
  if (/^[\w./:@-]+$/.test(text)) return text;
  // curl takes a leading @ of --data-binary for the name of a file; a JSON text never starts with one.
  return `'${text.replaceAll("'", "'\\''")}'`;
}
