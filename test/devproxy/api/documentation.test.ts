import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Api } from "../../helpers/api.js";
import { sample, send, startProxy, until } from "../../helpers/devproxy.js";

const document = readFileSync(new URL("../../../devproxy/API.md", import.meta.url), "utf8");
const server = readFileSync(new URL("../../../devproxy/src/api/server.ts", import.meta.url), "utf8");

/** A request of the document, and the first line or object of the response that follows it. */
interface Example {
  method: string;
  path: string;
  body: string;
  response: unknown;
}

function examples(): Example[] {
  return [...document.matchAll(/```sh\ncurl (.*?)\n```(?:\n\n```json\n([\s\S]*?)\n```)?/g)].map(
    ([, args = "", json]) => {
      const body = /--json '(.*?)'/.exec(args)?.[1] ?? "";
      const method = /-X (\w+)/.exec(args)?.[1] ?? (body === "" ? "GET" : "POST");
      const path = /"\$API(.*?)"$/.exec(args)?.[1];
      assert.ok(path !== undefined, args);
      return { method, path, body, response: json === undefined ? undefined : JSON.parse(json) };
    },
  );
}

test("API.md has an example of every endpoint except /rows, which is internal", () => {
  const routes = [...server.matchAll(/route\("(\w+)", \/\^(.*?)\$\//g)].map(([, method, path = ""]) => {
    const names = path.startsWith("\\/replays") ? "UUID" : path.startsWith("\\/pins") ? "NAME" : "ID";
    return `${method} ${path.replaceAll("\\/", "/").replace(/\([^)]*\)/, names)}`;
  });
  const headings = [...document.matchAll(/^### (.*)$/gm)].map(([, heading]) => heading);
  assert.deepEqual(headings.sort(), routes.filter((route) => route !== "GET /rows").sort());
});

test("the requests of API.md work, and the responses have the documented members", async (t) => {
  const { proxy, dir } = await startProxy(t, { inspect: 0 });
  for (const name of ["call.completed/answered", "call.completed/drift-new-field", "dialer.task/finished"])
    await send(proxy.localUrl, sample(name));
  await until(() => proxy.store.index.rows.every(({ deliveries }) => deliveries.length === 1));
  const api = new Api(dir);
  const all = examples();
  assert.ok(all.length >= 19);
  for (const { method, path, body, response } of all) {
    if (path === "/events") continue; // events.test.ts
    const { status, text } = await api.send(method, path, body);
    assert.ok(status < 300, `${method} ${path}: ${status} ${text}`);
    if (response === undefined) continue;
    const isLines = text.trimEnd().includes("\n");
    assertMembers(JSON.parse(isLines ? (text.split("\n")[0] as string) : text), response, `${method} ${path}`);
  }
});

/** Members that occur only in some responses. */
const OPTIONAL =
  /^(left|right|copy|more|result|server|pingMs|error|late|card|task|call|workflow|subject|answered|busy|unknown|handled|failed|state|total|reported)$/;

/** Whether a response has all members of the example; of a list, the first element. */
function assertMembers(found: unknown, expected: unknown, where: string): void {
  if (Array.isArray(expected)) {
    assert.ok(Array.isArray(found), where);
    if (found.length > 0 && expected.length > 0) assertMembers(found[0], expected[0], `${where}[0]`);
  } else if (typeof expected === "object" && expected !== null) {
    assert.ok(typeof found === "object" && found !== null, where);
    for (const [name, value] of Object.entries(expected)) {
      if (OPTIONAL.test(name) && !(name in found)) continue;
      // Its members are types, statuses and results.
      if (/\.(byType|byStatus|callResults)$/.test(where)) continue;
      assert.ok(name in found, `${where} has no ${name}`);
      assertMembers((found as Record<string, unknown>)[name], value, `${where}.${name}`);
    }
  }
}
