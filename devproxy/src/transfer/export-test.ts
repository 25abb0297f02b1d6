import { parsePush } from "airudder-webhooks";
import { type Row, statusOf } from "../journal/index.js";
import { escapeControls } from "../report/index.js";
import type { Exchange } from "./exchanges.js";
import type { ExportContext } from "./export.js";
import { describe } from "./redaction.js";

/** The test runners that an exported test can use. */
export const RUNNERS = ["node", "vitest"] as const;
export type Runner = (typeof RUNNERS)[number];

/** What an exported test file needs besides the pushes. */
export interface TestFileOptions {
  /** The module that exports the app, as the test file imports it, such as `../src/app.js`. */
  app: string;
  runner: Runner;
  /** Called for each push that cannot be a test: its body is not a JSON object, or is nested too deeply. */
  onLeftOut(row: Row): void;
}

/**
 * Exports pushes as a test file in TypeScript. It starts the user's app and sends each push as a replay, so that the response contains the
 * result of the handler. Artificial values of the same kind replace personal ones, so that handlers accept the payload.
 */
export async function* exportTest(
  exchanges: AsyncIterable<Exchange>,
  { redactor, target }: ExportContext,
  { app, runner, onLeftOut }: TestFileOptions,
): AsyncGenerator<string> {
  yield head({ app, runner, path: redactor.url(target.pathname), isRedacted: !redactor.isOff });
  for await (const { row, content } of exchanges) {
    const { push } = row;
    const description = describe(push, content);
    if (description.payload === undefined) {
      onLeftOut(row);
      continue;
    }
    const text = parsePush(content.body, content.headers)
      .raw.toString()
      .replace(/^\ufeff/, "");
    const type = redactor.type(push.type);
    const result = expectedResult(row);
    const fixture = {
      name: `#${push.seq} ${type}`,
      id: redactor.pushId(push.id),
      type,
      ...(result === undefined ? {} : { result }),
      payload: JSON.parse(redactor.artificialPayload(description, text)),
    };
    const expression = unlessTooDeep(() => literal(fixture));
    if (expression === undefined) onLeftOut(row);
    else yield `  ${expression},\n`;
  }
  yield TAIL;
}

/**
 * The result that the app reported. A test expects `handled` of a push that failed or was only stored. `undefined` for an app that reports
 * nothing: then only its status is tested.
 */
function expectedResult(row: Row): string | undefined {
  const status = statusOf(row);
  if (status === "accepted") return undefined;
  return status === "ignored" || status === "quarantined" ? status : "handled";
}

/** Returns `undefined` if the call stack overflows. */
function unlessTooDeep<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** A value as an expression of TypeScript, indented for the list of pushes. */
function literal(value: object): string {
  const lines = JSON.stringify(value, null, 2).split("\n");
  // In an object literal, the name __proto__ would set the prototype.
  return lines.map((line) => escapeControls(line).replace(/^( *)"__proto__":/, '$1["__proto__"]:')).join("\n  ");
}

const IMPORTS: Record<Runner, string> = {
  node: `import { after, before, test } from "node:test";`,
  vitest: `import { afterAll as after, beforeAll as before, test } from "vitest";`,
};

const COMMANDS: Record<Runner, string> = { node: "node --import tsx --test", vitest: "npx vitest run" };

function head({ app, runner, path, isRedacted }: { app: string; runner: Runner; path: string; isRedacted: boolean }) {
  const imports = [
    `import assert from "node:assert/strict";`,
    `import { once } from "node:events";`,
    `import { createServer, type RequestListener, type Server } from "node:http";`,
    `import type { AddressInfo } from "node:net";`,
    ...(runner === "node" ? [IMPORTS.node] : []),
    `import { signedRequest } from "airudder-webhooks/testing";`,
    ...(runner === "vitest" ? [IMPORTS.vitest] : []),
    `import * as app from ${JSON.stringify(app)};`,
  ];
  return `/**
 * Recorded pushes, as tests of the app. Exported by airudder-devproxy.${
   isRedacted ? "\n * Artificial values replace personal data." : "\n * Contains personal data: exported with --reveal."
 }
 *
 * Run: ${COMMANDS[runner]} FILE
 *
 * AIRUDDER_KEY: the key that the app verifies \`Sign\` with. Default: the vendor's published key.
 * AIRUDDER_TOKEN: the token that the app requires. Default: none.
 */
${imports.join("\n")}

interface RecordedPush {
  name: string;
  id: string;
  /** The type that the app identified. */
  type: string;
  /** The expected result. Absent if the app reports none. */
  result?: string;
  payload: object;
}

/** The path of the receiver in the app. */
const path = ${JSON.stringify(path)};

const pushes: RecordedPush[] = [
`;
}

const TAIL = `];

const exported: Record<string, unknown> = { ...Object((app as { default?: unknown }).default), ...app };
const candidates = [exported.receiver, exported.app, exported.default];
let server: Server;

before(async () => {
  const handler = [exported.default, exported.app, exported.receiver].find((value) => typeof value === "function");
  assert.ok(handler, "The module of the app must export a receiver, an Express app or a (req, res) handler.");
  server = createServer(handler as RequestListener).listen(0, "127.0.0.1");
  await once(server, "listening");
});

after(async () => {
  server.close();
  server.closeAllConnections();
  for (const value of new Set(candidates)) await (value as { close?: () => unknown } | undefined)?.close?.();
});

for (const push of pushes) {
  test(push.name, async () => {
    const { status, outcome, body } = await send(push);
    const details = \`\${outcome.error ?? ""} \${body}\`.trim();
    assert.equal(status, 200, details);
    if (push.result === undefined) return;
    assert.equal(outcome.result, push.result, details);
    assert.equal(outcome.type, push.type);
  });
}

/** Sends a push as a replay: the app responds after its handlers have run, also with an inbox. */
async function send({ id, payload }: RecordedPush) {
  const { port } = server.address() as AddressInfo;
  const token = process.env.AIRUDDER_TOKEN;
  const headers: Record<string, string> = { "airudder-devproxy": "1", "airudder-replay": id };
  if (token) headers["airudder-token"] = token;
  const request = signedRequest(payload, { key: process.env.AIRUDDER_KEY || "airudder", headers });
  const response = await fetch(\`http://127.0.0.1:\${port}\${path}\`, request);
  const outcome = JSON.parse(response.headers.get("airudder-outcome") ?? "{}") as Record<string, unknown>;
  return { status: response.status, outcome, body: await response.text() };
}
`;
