import { isUtf8 } from "node:buffer";
import type { Content } from "airudder-webhooks/journal";
import { DEFAULT_TARGET } from "../config/target.js";
import { endToEndHeaders } from "../ingress/headers.js";
import type { Row } from "../journal/rows.js";
import { lastDelivery } from "../journal/status.js";
import type { Curtain } from "../privacy/curtain.js";

const LEFT_OUT = /^(host|accept-encoding|content-length|x-forwarded-.*|forwarded|bypass-tunnel-reminder)$/;

/**
 * A shell command that sends a push again, byte for byte. The body is in it only when the curtain is open and it is text; otherwise
 * the command takes it out of the journal.
 */
export function curlOf(row: Row, { headers, body }: Content, curtain: Curtain, journal: string): string {
  const isInline = curtain.isOpen && isUtf8(body) && !body.includes(0);
  const parts = ["curl", "-X", row.push.method];
  for (const [name, value] of Object.entries(endToEndHeaders(curtain.headers(headers)))) {
    if (!LEFT_OUT.test(name)) for (const one of [value].flat()) parts.push("-H", quote(`${name}: ${one}`));
  }
  parts.push("--data-binary", isInline ? quote(body.toString("utf8")) : "@-");
  parts.push(quote(lastDelivery(row)?.head.target ?? DEFAULT_TARGET));
  const source = `airudder-devproxy show ${row.push.seq} --journal ${quote(journal)} --raw`;
  return isInline ? parts.join(" ") : `${source} | ${parts.join(" ")}`;
}

function quote(text: string): string {
  if (/^[\w./:@-]+$/.test(text)) return text;
  // curl takes a leading @ of --data-binary for the name of a file; a JSON text never starts with one.
  return `'${text.replaceAll("'", "'\\''")}'`;
}
