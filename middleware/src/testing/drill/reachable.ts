import { connect, type LookupFunction } from "node:net";

const TIMEOUT_MS = 10_000;

/** Why nothing accepts connections at a URL, as a code such as `ECONNREFUSED`; `undefined` if something does. */
export function connectionProblem(url: string, lookup?: LookupFunction): Promise<string | undefined> {
  const { hostname, port, protocol } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({
      host: hostname.replace(/^\[|\]$/g, ""),
      port: Number(port) || (protocol === "https:" ? 443 : 80),
      lookup,
    });
    const end = (problem: string | undefined) => {
      socket.destroy();
      resolve(problem);
    };
    socket.setTimeout(TIMEOUT_MS, () => end("ETIMEDOUT"));
    socket.once("connect", () => end(undefined));
    socket.once("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}

/** A URL without what may be secret: user, query, and a token in its path. */
export function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/\/t\/[^/]+(\/?)$/, "/t/…$1");
}

/** What to do if an app is not reachable. */
export function connectionAdvice(problem: string): string {
  if (/^(ENOTFOUND|EAI_AGAIN)$/.test(problem)) return "Check the host name in the URL.";
  if (/CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS/.test(problem))
    return "Let Node trust the app's certificate (NODE_EXTRA_CA_CERTS), or give an http URL.";
  if (/^(EPROTO|ERR_SSL.*|HPE_.*)$/.test(problem)) return "Check whether the URL begins with http: or https:.";
  if (problem === "ECONNREFUSED") return "Start the app, or give its URL.";
  return "Find out in the app's log why it does not respond, and check the URL.";
}
