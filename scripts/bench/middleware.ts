import { fileURLToPath } from "node:url";
import { loadPushes } from "../generate/load.js";
import { strictSchema } from "../generate/validators.js";
import { callCompleted, githubPushes, linePushes, newCalls, sameCalls } from "../load/pushes.js";
import { duel, type Score, type Side } from "./compare-servers.js";
import type { BenchOptions } from "./options.js";
import { SECRET } from "./servers.js";
import { cpuRatio, type Figures, figures, printFigures, printRows, type Row, speedRatio } from "./table.js";

const CONNECTIONS = 32;

/** The middleware in direct mode against what else one could mount, over a signed call completion of 1.9 KB. */
export default async function benchMiddleware({
  short,
}: BenchOptions): Promise<{ rows: Row[]; sides: Record<string, Figures> }> {
  const sides = {
    middleware: { server: "middleware on Express 5", traffic: newCalls },
    "express.json(), res.json({})": { server: "express.json(), res.json({})", traffic: newCalls },
    "express.json(), res.end()": { server: "express.json()", traffic: newCalls },
    "drained, res.json({})": { server: "bare Express, body drained, res.json({})", traffic: newCalls },
    "drained, res.end()": { server: "bare Express, body drained", traffic: newCalls },
    "@octokit/webhooks": { server: "@octokit/webhooks", traffic: () => githubPushes(SECRET) },
    "@line/bot-sdk, res.json({})": { server: "@line/bot-sdk, res.json({})", traffic: () => linePushes(SECRET) },
    "@line/bot-sdk, res.end()": { server: "@line/bot-sdk", traffic: () => linePushes(SECRET) },
    "middleware, duplicates": { server: "middleware on Express 5", traffic: sameCalls },
    "middleware on node:http": { server: "middleware on node:http", traffic: newCalls },
    Fastify: { server: "Fastify", args: [fastifySchema()], traffic: newCalls },
  } satisfies Record<string, Side>;
  console.log(
    `call.completed of ${callCompleted("t".repeat(26), "c".repeat(20)).length} bytes, ${CONNECTIONS} connections, 4,096 signed tasks, each push of a new call (no duplicates, unless said)`,
  );
  const scores = await duel(sides, {
    connections: CONNECTIONS,
    ...(short ? { rounds: 3, milliseconds: 150, warmUp: 300 } : { rounds: 21, milliseconds: 400, warmUp: 2500 }),
  });
  const { middleware: ours, "middleware on node:http": onHttp } = scores;
  const rows = [
    ...compare("on Express 5, against express.json(), same answer", ours, scores["express.json(), res.json({})"], 1.2),
    ...compare("on Express 5, against express.json(), no answer", ours, scores["express.json(), res.end()"], 1.2),
    ...compare("on Express 5, against a drained body, same answer", ours, scores["drained, res.json({})"], 0.88),
    ...compare("on Express 5, against a drained body, no answer", ours, scores["drained, res.end()"], 0.88),
    ...compare("on node:http, against Fastify", onHttp, scores.Fastify, 0.9),
    ...compare("on Express 5, against @octokit/webhooks", ours, scores["@octokit/webhooks"], 1.1),
    ...compare("on Express 5, against @line/bot-sdk, same answer", ours, scores["@line/bot-sdk, res.json({})"], 1.35),
    ...compare("on Express 5, against @line/bot-sdk, no answer", ours, scores["@line/bot-sdk, res.end()"], 1.35),
    ...compare("duplicates, against new pushes", scores["middleware, duplicates"], ours),
  ];
  const known = Object.fromEntries(Object.entries(scores).map(([name, score]) => [name, figures(score)]));
  printFigures(known);
  printRows(rows);
  return { rows, sides: known };
}

/** Throughput, which has the goal, and processor time, which other work on the machine disturbs least. */
export function compare(what: string, ours: Score, theirs: Score, least?: number): Row[] {
  return [
    { what, value: speedRatio(ours, theirs), unit: "x", ...(least === undefined ? {} : { goal: { least } }) },
    { what: "  by processor time of the server", value: cpuRatio(ours, theirs), unit: "x" },
  ];
}

function fastifySchema(): string {
  const schemas = fileURLToPath(new URL("../../schemas", import.meta.url));
  const push = loadPushes(schemas).find(({ name }) => name === "call.completed");
  if (push === undefined) throw new Error("There is no schema call.completed");
  const { $id: _, ...schema } = strictSchema(push.schema) as { $id?: string };
  return JSON.stringify(schema);
}
