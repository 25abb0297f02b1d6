import assert from "node:assert/strict";
import { test } from "node:test";
import { airudder } from "airudder-webhooks";
import { HOSTS, serve } from "../../helpers/app.js";
import { agentStatus, KEY, post } from "../../helpers/push.js";

for (const host of ["Express 4", "Express 5"] as const) {
  test(`${host}: a writeHead that a logger has wrapped receives the headers as an object, because some wrappers misread arrays`, async (t) => {
    const given: unknown[][] = [];
    const { url } = await serve(
      t,
      HOSTS[host](airudder({ key: KEY }), (app) =>
        app.use((_request, response, next) => {
          const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => typeof response;
          response.writeHead = (...args: unknown[]) => {
            given.push(args);
            return writeHead(...args);
          };
          next();
        }),
      ),
    );
    for (const body of [agentStatus(), "{"]) await post(url, body);
    assert.deepEqual(
      given.map(([status, headers]) => [status, Array.isArray(headers), typeof headers]),
      [
        [200, false, "object"],
        [400, false, "object"],
      ],
    );
  });

  for (const handler of [() => {}, async () => {}]) {
    test(`${host}: if the response throws, the connection is closed, and the next request is served (${handler.constructor.name})`, async (t) => {
      let throws = true;
      const receiver = airudder({ key: KEY }).on("*", handler);
      const { url } = await serve(
        t,
        HOSTS[host](receiver, (app) =>
          app.use((_request, response, next) => {
            if (throws) {
              response.writeHead = () => {
                throw new TypeError("misread");
              };
            }
            next();
          }),
        ),
      );
      await assert.rejects(post(url, agentStatus()));
      throws = false;
      assert.equal((await post(url, agentStatus())).status, 200);
      assert.deepEqual([receiver.stats().accepted, receiver.stats().duplicates, receiver.stats().inFlight], [1, 1, 0]);
    });
  }
}
