import { fileURLToPath } from "node:url";
import { loadPushes } from "../generate/load.js";
import { strictSchema } from "../generate/validators.js";
import { callCompleted, githubPushes, linePushes, newCalls, sameCalls, TASKS } from "../load/pushes.js";
import { compareServers, type ServerResult, type ServerUnderLoad } from "./compare-servers.js";
import type { BenchOptions } from "./options.js";
import { SECRET } from "./servers.js";
import { cpuRatio, type Figures, figures, printFigures, printRows, type Row, speedRatio } from "./table.js";

const CONNECTIONS = 32;
const isNode24 = Number.parseInt(process.versions.node, 10) >= 24;

/** Compares the middleware in direct mode with other middleware and servers. The push is a signed call completion of 1.9 KB. */
export default async function benchMiddleware({
  short,
}: BenchOptions): Promise<{ rows: Row[]; servers: Record<string, Figures> }> {
  const servers = {
    middleware: { server: "middleware on Express 5", traffic: newCalls },
    "express.json(), res.json({})": { server: "express.json(), res.json({})", traffic: newCalls },
    "express.json(), res.end()": { server: "express.json()", traffic: newCalls },
    "discarded, res.json({})": { server: "bare Express, body discarded, res.json({})", traffic: newCalls },
    "discarded, res.end()": { server: "bare Express, body discarded", traffic: newCalls },
    "@octokit/webhooks": { server: "@octokit/webhooks", traffic: () => githubPushes(SECRET) },
    "@line/bot-sdk, res.json({})": { server: "@line/bot-sdk, res.json({})", traffic: () => linePushes(SECRET) },
    "@line/bot-sdk, res.end()": { server: "@line/bot-sdk", traffic: () => linePushes(SECRET) },
    "middleware, duplicates": { server: "middleware on Express 5", traffic: sameCalls },
    "middleware on node:http": { server: "middleware on node:http", traffic: newCalls },
    "Fastify, same schema": { server: "Fastify", args: [sameSchema()], traffic: newCalls },
    "Fastify, ordinary schema": { server: "Fastify", args: [JSON.stringify(ORDINARY_SCHEMA)], traffic: newCalls },
    "hand-written on node:http": { server: "hand-written on node:http", traffic: newCalls },
  } satisfies Record<string, ServerUnderLoad>;
  console.log(
    `call.completed of ${callCompleted("t".repeat(26), "c".repeat(20)).length} bytes, ${CONNECTIONS} connections, ${TASKS} signed tasks in turn, each push for a new call (no duplicates, except in the row "duplicates")`,
  );
  const results = await compareServers(servers, {
    connections: CONNECTIONS,
    ...(short ? { rounds: 3, milliseconds: 150, warmUp: 300 } : { rounds: 21, milliseconds: 400, warmUp: 2500 }),
  });
  const { middleware: measured, "middleware on node:http": onHttp } = results;
  const rows = [
    ...ratioRows(
      "on Express 5, compared with express.json(), same response",
      measured,
      results["express.json(), res.json({})"],
      1.4,
    ),
    ...ratioRows(
      "on Express 5, compared with express.json(), empty response",
      measured,
      results["express.json(), res.end()"],
    ),
    ...ratioRows(
      "on Express 5, compared with a discarded body, same response",
      measured,
      results["discarded, res.json({})"],
    ),
    ...ratioRows(
      "on Express 5, compared with a discarded body, empty response",
      measured,
      results["discarded, res.end()"],
    ),
    ...ratioRows("on node:http, compared with Fastify, same schema", onHttp, results["Fastify, same schema"]),
    ...ratioRows(
      "on node:http, compared with Fastify, ordinary schema",
      onHttp,
      results["Fastify, ordinary schema"],
      isNode24 ? 1.1 : 1,
    ),
    ...ratioRows(
      "on node:http, compared with a hand-written server",
      onHttp,
      results["hand-written on node:http"],
      0.8,
    ),
    ...ratioRows("on Express 5, compared with @octokit/webhooks", measured, results["@octokit/webhooks"], 1.3),
    ...ratioRows(
      "on Express 5, compared with @line/bot-sdk, same response",
      measured,
      results["@line/bot-sdk, res.json({})"],
    ),
    ...ratioRows(
      "on Express 5, compared with @line/bot-sdk, empty response",
      measured,
      results["@line/bot-sdk, res.end()"],
    ),
    ...ratioRows("duplicates, compared with new pushes", results["middleware, duplicates"], measured),
  ];
  const figuresByServer = Object.fromEntries(Object.entries(results).map(([name, result]) => [name, figures(result)]));
  printFigures(figuresByServer);
  printRows(rows);
  return { rows, servers: figuresByServer };
}

/** Two rows: throughput, with the goal, and CPU time, which other work on the machine affects least. */
export function ratioRows(what: string, measured: ServerResult, baseline: ServerResult, min?: number): Row[] {
  return [
    { what, value: speedRatio(measured, baseline), unit: "x", ...(min === undefined ? {} : { goal: { min } }) },
    { what: "  by CPU time of the server", value: cpuRatio(measured, baseline), unit: "x" },
  ];
}

/** A short schema that an app might use to check only that the push is usable: 8 required fields and an enum. */
const ORDINARY_SCHEMA = {
  type: "object",
  required: ["TaskID", "TaskName", "Sign", "Details"],
  properties: {
    TaskID: { type: "string" },
    TaskName: { type: "string" },
    Sign: { type: "string" },
    Details: {
      type: "array",
      items: {
        type: "object",
        required: ["CallID", "CalleeNumber", "Status", "HangupType"],
        properties: {
          CallID: { type: "string" },
          CalleeNumber: { type: "string" },
          Status: { type: "string", enum: ["finished", "failed", "unanswered"] },
          HangupType: { type: "string" },
        },
      },
    },
  },
};

/** The strict schema of the middleware. */
function sameSchema(): string {
  const schemas = fileURLToPath(new URL("../../schemas", import.meta.url));
  const push = loadPushes(schemas).find(({ name }) => name === "call.completed");
  if (push === undefined) throw new Error("There is no schema call.completed");
  const { $id: _, ...schema } = strictSchema(push.schema) as { $id?: string };
  return JSON.stringify(schema);
}
