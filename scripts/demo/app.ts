import { createServer, type Server } from "node:http";
import { airudder, type Push } from "airudder-webhooks";
import express from "express";

/** The sample app: an Express app with the middleware, and a handler that can be broken. */
export interface SampleApp {
  readonly server: Server;
  /** What its handlers were given, in order. */
  readonly handled: Push[];
  /** Breaks the handler of call completions, or fixes it. */
  setBroken(isBroken: boolean): void;
}

/** Makes the sample app. Its handlers report each push with `say`. */
export function createSampleApp(key: string, say: (line: string) => void): SampleApp {
  const handled: Push[] = [];
  let isBroken = false;

  // Without warnings: `say` reports everything.
  const receiver = airudder({ key, token: false, warnings: false });
  receiver.on("call.completed", ({ payload, verified }) => {
    if (isBroken) {
      say("the handler of call.completed throws: the handler is broken");
      throw new Error("the handler is broken");
    }
    for (const { CallID, Status, RingType } of payload.Details) {
      say(
        `call ${CallID.slice(0, 8)}… is ${Status}, ring type ${RingType}, signature ${verified ? "right" : "not checked"}`,
      );
    }
  });
  receiver.on("dialer.task", ({ payload }) => {
    const { body } = "pds" in payload ? payload.pds : payload;
    say(`dialer task ${body.taskId.slice(0, 8)}… is ${body.state}`);
  });
  receiver.on("*", (push) => {
    handled.push(push);
    if (push.type !== "call.completed" && push.type !== "dialer.task") say(`${push.type}`);
  });

  const app = express();
  app.use("/webhooks/airudder", receiver);
  const setBroken = (value: boolean): void => {
    isBroken = value;
  };
  return { server: createServer(app), handled, setBroken };
}
