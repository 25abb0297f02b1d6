/** Control characters end a URL, for example BEL or ESC at the end of an OSC 8 hyperlink. */
const URLS = /https?:\/\/[^\s"'<>|`\\\u0000-\u001f\u007f-\u009f]+/gi;
const LOOPBACK = /^(localhost|127(\.\d+){3}|0\.0\.0\.0|\[::1?\])$/i;
const DOCUMENTATION = /^(www|docs?|developers?|help|support|admin|dashboard|login|accounts?)\./i;

/**
 * The origins in the output of a tunnel program that may be the public URL of the tunnel, in order. Such programs also print the local URL
 * and links to terms and documentation. Skips loopback hosts, hosts of documentation, and URLs with a path.
 */
export function publicOrigins(text: string): string[] {
  return [...text.matchAll(URLS)].flatMap(([match]) => {
    const trimmed = match.replace(/[.,;:!?)\]}]+$/, "");
    const url = URL.canParse(trimmed) ? new URL(trimmed) : undefined;
    if (url?.pathname !== "/" || url.search || url.hash) return [];
    return LOOPBACK.test(url.hostname) || DOCUMENTATION.test(url.hostname) ? [] : [url.origin];
  });
}
