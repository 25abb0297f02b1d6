import { createServer } from "node:net";
import { type Finding, failed, ok } from "./finding.js";

/** Whether a port on 127.0.0.1 is free. 0 stands for any free port. */
export function checkPort(port: number): Promise<Finding> {
  const name = "port";
  if (port === 0) return Promise.resolve(ok(name, "listen selects a free one"));
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", ({ code }: NodeJS.ErrnoException) => {
      resolve(failed(name, `${port} is not free (${code}): stop the program that uses it, or give another --port`));
    });
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(ok(name, `${port} is free`))));
  });
}
