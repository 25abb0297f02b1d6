import { request } from "node:http";

/** A push of almost 10 MB, the maximum that `listen` accepts. */
const BODY = Buffer.from(`{"text":"${"x".repeat(9_900_000)}"}`);
/** On a busy machine, the last of many large bodies may exceed the time limit. */
const MAX_ATTEMPTS = 10;

/**
 * Sends large pushes in parallel. Retries a push until the response is 200, as Airudder does.
 * @throws if the response to a push is never 200
 */
export async function sendLargePushes(url: string, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => send(url)));
}

async function send(url: string): Promise<void> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) if ((await post(url)) === 200) return;
  throw new Error(`A push of 10 MB did not get the response 200 in ${MAX_ATTEMPTS} attempts.`);
}

/** The status of the response; `undefined` if the connection was closed before it. */
function post(url: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const headers = { "content-type": "application/json", "content-length": BODY.length };
    const outgoing = request(url, { method: "POST", headers, agent: false }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode));
      response.on("error", () => resolve(undefined));
    });
    outgoing.on("error", () => resolve(undefined)).end(BODY);
  });
}
