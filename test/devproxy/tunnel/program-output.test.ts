import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { publicOrigins } from "./internals.js";

const PRINTED: [program: string, output: string, origins: string[]][] = [
  [
    "a box, after links to terms and manuals",
    `Read the terms (https://www.example.com/terms/) and https://developers.example.com/tunnel/apps first.
2026-11-21T10:00:00Z INF Starting metrics server on 127.0.0.1:20241/metrics
2026-11-21T10:00:01Z INF |  https://green-quiet-fox.trycloudflare.com                     |`,
    ["https://green-quiet-fox.trycloudflare.com"],
  ],
  [
    "a log line that names the local address too",
    't=10 lvl=info msg="started tunnel" addr=http://localhost:3000 url=https://ab12.ngrok-free.app',
    ["https://ab12.ngrok-free.app"],
  ],
  [
    "the inspector's address first",
    "web interface http://127.0.0.1:4040\nForwarding https://x.example.dev -> http://0.0.0.0:80",
    ["https://x.example.dev"],
  ],
  [
    "http before https",
    "http://rn.a.example.link  https://rn.a.example.link",
    ["http://rn.a.example.link", "https://rn.a.example.link"],
  ],
  ["a sentence", "Your tunnel is at https://demo.example.com.", ["https://demo.example.com"]],
  ["colours", "\u001b[32mhttps://demo.example.com/\u001b[0m", ["https://demo.example.com"]],
  [
    "a hyperlink ended by BEL, with another text",
    "\u001b]8;;https://demo.example.com\u0007open\u001b]8;;\u0007",
    ["https://demo.example.com"],
  ],
  ["a hyperlink ended by ST", "\u001b]8;;https://demo.example.com\u001b\\\\open", ["https://demo.example.com"]],
  ["a name under localhost, with a port", "up: http://demo.localhost:4000", ["http://demo.localhost:4000"]],
  ["nothing", "Waiting for the network...", []],
  ["broken addresses", "https:// http://[ https://:80 https://", []],
];

describe("the public URLs in the output of a tunnel program", () => {
  for (const [program, output, origins] of PRINTED) {
    it(program, () => assert.deepEqual(publicOrigins(output), origins));
  }

  it("are origins, whatever is printed", () => {
    const text = fc.oneof(fc.string(), fc.webUrl(), fc.webUrl({ withQueryParameters: true }));
    fc.assert(
      fc.property(fc.array(text), (parts) => {
        for (const origin of publicOrigins(parts.join(" "))) assert.equal(new URL(origin).origin, origin);
      }),
    );
  });
});
