import { createServer, type Server } from "node:http";
import { airudder, type Push } from "airudder-webhooks";
import express from "express";

/** An Express app with the middleware, and a handler that can be broken. */
export interface SampleApp {
  readonly server: Server;
  /** The pushes that its handlers have received, in order. */
  readonly handled: Push[];
  /** Breaks the handler of call completions, or fixes it. */
  setBroken(isBroken: boolean): void;
}

/** Creates the sample app. Its handlers print a line for each push. */
export function createSampleApp(key: string, print: (line: string) => void): SampleApp {
  const handled: Push[] = [];
  let isBroken = false;

  // Without warnings: the handlers print everything.
  const receiver = airudder({ key, token: false, warnings: false });
  receiver.on("call.completed", ({ payload, verified }) => {
    if (isBroken) {
      print("the handler of call.completed throws: the handler is broken");
      throw new Error("the handler is broken");
    }
    for (const { CallID, Status, RingType } of payload.Details) {
      print(
        `call ${CallID.slice(0, 8)}… is ${Status}, ring type ${RingType}, signature ${verified ? "correct" : "not checked"}`,
      );
    }
  });
  receiver.on("dialer.task", ({ payload }) => {
    const { body } = "pds" in payload ? payload.pds : payload;
    print(`dialer task ${body.taskId.slice(0, 8)}… is ${body.state}`);
  });
  receiver.on("*", (push) => {
    handled.push(push);
    if (push.type !== "call.completed" && push.type !== "dialer.task") print(`${push.type}`);
  });

  const app = express();
  app.use("/webhooks/airudder", receiver);
  const setBroken = (value: boolean): void => {
    isBroken = value;
  };
  return { server: createServer(app), handled, setBroken };
}
