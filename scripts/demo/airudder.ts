import { readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sign } from "airudder-webhooks";
import { catalogue } from "airudder-webhooks/inspect";

const samples = fileURLToPath(new URL("../../schemas/samples", import.meta.url));

/** A push as Airudder would send it. */
export interface DemoPush {
  readonly type: string;
  readonly body: string;
}

/** One push of each type that the vendor documents, signed if the type carries a signature. */
export function documentedPushes(key: string): DemoPush[] {
  return catalogue
    .filter(({ provenance, form }) => provenance === "documented" && form !== "bare")
    .flatMap(({ type, samples: files }) => {
      const file =
        files.find((name) => name.endsWith("/vendor-example.json")) ?? files.find((name) => !name.includes("/drift-"));
      return file === undefined ? [] : [{ type, body: signed(readFileSync(join(samples, file), "utf8"), key) }];
    });
}

/** Replaces the `Sign` of a push. The vendor's examples contain masked ids, so their `Sign` is wrong. */
function signed(body: string, key: string): string {
  const { TaskID, Sign } = JSON.parse(body) as { TaskID?: string; Sign?: string };
  return TaskID === undefined || Sign === undefined ? body : body.replace(Sign, sign(TaskID, key));
}

/** A copy of a call completion with another task id, signed again. */
export function withAnotherTask({ type, body }: DemoPush, key: string): DemoPush {
  const { TaskID } = JSON.parse(body) as { TaskID: string };
  const another = body.replace(TaskID, "0f1e2d3c4b5a69788796a5b4c3d2e1f0");
  return {
    type,
    body: another.replace(/"Sign": "[^"]*"/, `"Sign": "${sign("0f1e2d3c4b5a69788796a5b4c3d2e1f0", key)}"`),
  };
}

/**
 * Sends a push as Airudder does, and returns the status of the response. Sends requests for `*.localhost` to 127.0.0.1, because Node does
 * not resolve these names.
 */
export function postAsAirudder(url: string, { body }: DemoPush): Promise<number> {
  const { hostname, port, host, pathname, search } = new URL(url);
  const headers = {
    Host: host,
    "Content-Type": "application/json",
    "User-Agent": "Airudder",
    "Content-Length": Buffer.byteLength(body),
  };
  const address = hostname.endsWith(".localhost") ? "127.0.0.1" : hostname;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: address, port, path: pathname + search, method: "POST", headers, agent: false },
      (response) => {
        response.resume().on("end", () => resolve(response.statusCode ?? 0));
      },
    );
    outgoing.on("error", reject).end(body);
  });
}
