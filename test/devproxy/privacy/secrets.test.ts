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
  test(`the value of the URL parameter ${name} is hidden, in upper and lower case`, () => {
    for (const spelling of [name, name.toUpperCase(), `${name[0]?.toUpperCase()}${name.slice(1)}`]) {
      assert.equal(redactor.url(`/hooks?${spelling}=abc`), `/hooks?${spelling}=<hidden>`);
    }
  });
}

test("the token in a path that ends with /t/TOKEN is hidden", () => {
  assert.equal(redactor.url("/hooks/t/abc"), "/hooks/t/<hidden>");
  assert.equal(redactor.url("http://localhost:3000/hooks/t/abc?n="), "http://localhost:3000/hooks/t/<hidden>?n=");
  assert.equal(redactor.url("/t/hooks"), "/t/<hidden>");
  assert.equal(redactor.url("/t/hooks/push"), "/t/hooks/push");
});

test("the user name and the password of a URL are hidden", () => {
  assert.equal(redactor.url("http://user:abc@localhost:3000/hooks"), "http://<hidden>@localhost:3000/hooks");
});

test("a placeholder replaces a type or a method that does not have the usual form", () => {
  assert.deepEqual([redactor.type("call.completed"), redactor.method("POST")], ["call.completed", "POST"]);
  assert.match(redactor.type("Jane Doe"), /^<text:[0-9a-f]{6}>$/);
  assert.match(redactor.method("JANE-DOE"), /^<text:[0-9a-f]{6}>$/);
});
