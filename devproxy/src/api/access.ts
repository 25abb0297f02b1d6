import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { equalSecrets } from "../http/index.js";
import { ApiFailure, usage } from "./failure.js";

/** Headers of which Node.js would use the first and ignore the others. */
const SINGLE = ["host", "origin", "authorization"];

/** @throws ApiFailure `usage`, if a header that the access depends on is given more than once */
export function checkSingle({ headersDistinct }: IncomingMessage): void {
  for (const name of SINGLE)
    if ((headersDistinct[name]?.length ?? 0) > 1) throw usage(`The header ${name} is given more than once.`);
}

/**
 * Rejects requests whose `Host` or `Origin` names another server. A foreign `Host` belongs to a web site whose name resolves to this machine
 * (DNS rebinding). A foreign `Origin` belongs to a page of another server.
 * @throws ApiFailure `foreign_host`, `foreign_origin`
 */
export function checkOrigin({ host = "", origin }: IncomingHttpHeaders, port: number): void {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`];
  if (!hosts.includes(host.toLowerCase()))
    throw new ApiFailure(
      403,
      "foreign_host",
      `Send requests to http://${hosts[0]}: the Host header names another server.`,
    );
  if (origin !== undefined && !hosts.some((own) => origin.toLowerCase() === `http://${own}`))
    throw new ApiFailure(403, "foreign_origin", "Pages of other servers cannot use this API.");
}

/**
 * Checks the token of a request to the API. Accepts it only in the header: browsers attach cookies, and store the URLs of requests.
 * @throws ApiFailure `foreign_origin`, `missing_token`, `wrong_token`
 */
export function checkToken(headers: IncomingHttpHeaders, token: string): void {
  const { authorization } = headers;
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none")
    throw new ApiFailure(403, "foreign_origin", "Pages of other servers cannot use this API.");
  if (authorization === undefined)
    throw new ApiFailure(
      401,
      "missing_token",
      "Send the token of listen.json in the header Authorization: Bearer TOKEN.",
    );
  if (!equalSecrets(authorization, `Bearer ${token}`))
    throw new ApiFailure(
      401,
      "wrong_token",
      "The token is not that of this listen. Open the inspector's URL that it printed.",
    );
}
