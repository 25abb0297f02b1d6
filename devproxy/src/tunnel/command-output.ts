/** Control characters end an address, for example BEL or ESC at the end of an OSC 8 hyperlink. */
const ADDRESS = /https?:\/\/[^\s"'<>|`\\\u0000-\u001f\u007f-\u009f]+/gi;
const LOOPBACK = /^(localhost|127(\.\d+){3}|0\.0\.0\.0|\[::1?\])$/i;
const DOCUMENTATION = /^(www|docs?|developers?|help|support|admin|dashboard|login|accounts?)\./i;

/**
 * The public addresses in what a tunnel program prints, in order. Such programs also print links to their terms and manuals and the
 * local address: a tunnel's own is an origin without a path, on a host that is neither this machine nor a site for reading.
 */
export function publicOrigins(text: string): string[] {
  return [...text.matchAll(ADDRESS)].flatMap(([match]) => {
    const trimmed = match.replace(/[.,;:!?)\]}]+$/, "");
    const url = URL.canParse(trimmed) ? new URL(trimmed) : undefined;
    if (url?.pathname !== "/" || url.search || url.hash) return [];
    return LOOPBACK.test(url.hostname) || DOCUMENTATION.test(url.hostname) ? [] : [url.origin];
  });
}
