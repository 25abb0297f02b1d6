/** An app with an optional defect, as a program. Its effects are files in a folder: one row per push, and the state of each call. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { airudder, fileInbox, newestState, type Push, pushIds, type StatePayload } from "airudder-webhooks";
import express from "express";
import type { AppOptions } from "./app.js";

const { folder, port, mode, defect, limitMs, key, token } = JSON.parse(process.argv[2] as string) as AppOptions;
const WORK_MS = 1.2 * limitMs;
const rows = join(folder, "rows.txt");
const statesFile = join(folder, "states.json");

const states = new Map<string, StatePayload>(
  existsSync(statesFile) ? Object.entries(JSON.parse(readFileSync(statesFile, "utf8"))) : [],
);

function work(push: Push): void {
  const { call } = pushIds(push);
  if (push.type === "call.completed") appendFileSync(rows, `${call}\n`);
  if ((push.type !== "dialer.contact" && push.type !== "dialer.agent") || call === undefined) return;
  const name = `${push.type} ${call}`;
  states.set(name, defect === "order ignored" ? push.payload : newestState(states.get(name), push.payload));
  writeFileSync(statesFile, JSON.stringify(Object.fromEntries(states)));
}

const receiver = airudder({
  key,
  token,
  warnings: false,
  deadlineMs: 0.8 * limitMs,
  ...(defect === "no duplicate check" ? { duplicateWindowMs: 0 } : {}),
  ...(mode === "inbox" ? { inbox: fileInbox(join(folder, "inbox")) } : {}),
});
receiver.on("*", async (push) => {
  if (defect === "work before response" && mode === "direct") await sleep(WORK_MS);
  if (defect === "lost on crash") setTimeout(() => work(push), 100);
  else work(push);
});

const app = express();
if (defect === "catch-all 200") app.use((_, response) => void response.json({}));
if (defect === "always 200")
  app.use((_, response, next) => {
    const { writeHead } = response;
    response.writeHead = (_: number, ...rest: never[]) => writeHead.call(response, 200, ...rest);
    next();
  });
if (defect === "work before response" && mode === "inbox")
  app.use(async (_, __, next) => {
    await sleep(WORK_MS);
    next();
  });
if (defect === "parser before receiver") app.use(express.json());
app.use("/webhooks/airudder", receiver);
await receiver.ready({ waitMs: 5_000 });
app.listen(port, "127.0.0.1", () => process.stdout.write("ready\n"));
