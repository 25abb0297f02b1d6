import assert from "node:assert/strict";
import { test } from "node:test";
import { Redactor } from "../../../devproxy/src/privacy/index.js";

const redactor = new Redactor("secret", false);

for (const name of [
  "Authorization",
  "cookie",
  "Set-Cookie",
  "Proxy-Authorization",
  "X-Auth-Token",
  "x-api-key",
  "session-id",
]) {
  test(`the value of the header ${name} is hidden`, () => {
    assert.deepEqual(redactor.headers({ [name.toLowerCase()]: "sid=1" }), { [name.toLowerCase()]: "<hidden>" });
    assert.deepEqual(redactor.headers({ [name]: ["sid=1", "sid=2"] })[name], ["<hidden>", "<hidden>"]);
  });
}

for (const name of ["token", "key", "secret", "password", "signature", "sign", "access_token", "api_key"]) {
  test(`the value of the URL parameter ${name} is hidden, in any case`, () => {
    for (const spelling of [name, name.toUpperCase(), `${name[0]?.toUpperCase()}${name.slice(1)}`]) {
      assert.equal(redactor.url(`/hooks?${spelling}=abc`), `/hooks?${spelling}=<hidden>`);
    }
  });
}
