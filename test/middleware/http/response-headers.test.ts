import assert from "node:assert/strict";
import { test } from "node:test";
import { airudder } from "airudder-webhooks";
import { serve } from "../../helpers/app.js";
import { KEY } from "../../helpers/push.js";

test("a 405 response has the headers Allow and Content-Type, over HTTP and from fetch()", async (t) => {
  const receiver = airudder({ key: KEY, warnings: false });
  t.after(() => receiver.close());
  const { url } = await serve(t, receiver);
  for (const { status, headers } of [await fetch(url), await receiver.fetch(new Request("http://a.test/"))]) {
    assert.equal(status, 405);
    assert.equal(headers.get("allow"), "POST");
    assert.match(headers.get("content-type") ?? "", /^application\/json/);
  }
});
