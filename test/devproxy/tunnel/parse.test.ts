import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TUNNEL_KINDS } from "../../../devproxy/src/config/index.js";
import { parseTunnel, TunnelError } from "../../../devproxy/src/tunnel/index.js";

describe("--tunnel", () => {
  for (const [option, kind] of [
    ["localtunnel", "localtunnel"],
    [" none ", "none"],
    ["cloudflared", "cloudflared"],
    ["ngrok", "ngrok"],
    ["ssh:localhost.run", "ssh"],
    ["url:https://demo.example.com", "url"],
    ["url: http://demo.localhost:4000/", "url"],
    ["command:cloudflared tunnel --url {local}", "command"],
    ['command:"cloudflared tunnel --url {local}"', "command"],
  ] as const) {
    it(`${option} is ${kind}`, () => assert.equal(parseTunnel(option).kind, kind));
  }

  for (const [kind, { value, example = value }] of Object.entries<{ value: string; example?: string }>(TUNNEL_KINDS)) {
    it(`${example} is ${kind}, and errors name ${value}`, () => {
      assert.equal(parseTunnel(example).kind, kind);
      assert.throws(
        () => parseTunnel("pagekite"),
        ({ message }: Error) => message.includes(value),
      );
    });
  }

  for (const [option, said] of [
    ["", /--tunnel must be localtunnel, cloudflared, ngrok, ssh:HOST, none, url:/],
    ["pagekite", /got "pagekite"/],
    ["ssh", /got "ssh"/],
    ["ngrok:x", /got "ngrok:x"/],
    ["toString", /got "toString"/],
    ["url:", /such as url:https:/],
    ["url:demo.example.com", /without a path/],
    ["url:ftp://demo.example.com", /got "ftp:/],
    ["url:https://demo.example.com/webhooks", /without a path/],
    ["url:https://demo.example.com/?a=b", /without a path/],
    ["url:https://me:pw@demo.example.com", /without a path/],
    ["command:", /requires a command line/],
    ['command:" "', /requires a command line/],
  ] as const) {
    it(`${JSON.stringify(option)} is wrong, and the message says what is right`, () => {
      assert.throws(() => parseTunnel(option), isOption(said));
    });
  }

  for (const host of ["", "localtunnel.me", "ftp://localtunnel.me", "tcp:1"]) {
    it(`--tunnel-host ${JSON.stringify(host)} is wrong`, () => {
      assert.throws(() => parseTunnel("localtunnel", { host }), isOption(/--tunnel-host must be/));
    });
  }
});

function isOption(message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof TunnelError);
    assert.equal(error.code, "tunnel_option");
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  };
}
