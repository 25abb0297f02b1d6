/** The query of a request target, with its question mark, or nothing. */
export function queryOf(url: string): string {
  const start = url.indexOf("?");
  return start < 0 || start === url.length - 1 ? "" : url.slice(start);
}

/** The path and query at the target: the target's own parameters stay, those of the push are added as they came. */
export function pathAt(target: URL, query: string): string {
  const own = target.searchParams;
  const added = query
    .slice(1)
    .split("&")
    .filter((pair) => pair !== "" && !own.has(decodedName(pair)));
  const all = [...(target.search.length > 1 ? [target.search.slice(1)] : []), ...added].join("&");
  return all === "" ? target.pathname : `${target.pathname}?${all}`;
}

function decodedName(pair: string): string {
  return [...new URLSearchParams(pair).keys()][0] ?? "";
}
