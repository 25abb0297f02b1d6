/** An app that responds to each push after a delay. It writes two lines for each push to a file: `begin ID` on arrival, `end ID` before the response. */
import { openSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exposeFunctions } from "../../child-functions.js";

const [log = "", port = "0", responseMs = "100"] = process.argv.slice(2);
const fd = openSync(log, "a");
const note = (word: string, id: string) => writeSync(fd, `${word} ${id} ${Date.now()}\n`);

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const { agentName, number } = JSON.parse(Buffer.concat(chunks).toString()).body;
    const id = `${agentName}/${number}`;
    note("begin", id);
    setTimeout(() => {
      note("end", id);
      response.setHeader("content-type", "application/json").end('{"from":"app"}');
    }, Number(responseMs));
  });
});
await new Promise<void>((resolve) => server.listen(Number(port), "127.0.0.1", resolve));
exposeFunctions((server.address() as AddressInfo).port, {});
