/** The query of a request URL, with its question mark; empty if there is none. */
export function queryOf(url: string): string {
  const start = url.indexOf("?");
  return start < 0 || start === url.length - 1 ? "" : url.slice(start);
}

/** The target's path and query, followed by the parameters of `query` as received. The target's parameters take precedence. */
export function pathWithQuery(target: URL, query: string): string {
  const targetParameters = target.searchParams;
  const added = query
    .slice(1)
    .split("&")
    .filter((pair) => pair !== "" && !targetParameters.has(decodedName(pair)));
  const all = [...(target.search.length > 1 ? [target.search.slice(1)] : []), ...added].join("&");
  return all === "" ? target.pathname : `${target.pathname}?${all}`;
}

function decodedName(pair: string): string {
  return [...new URLSearchParams(pair).keys()][0] ?? "";
}
