import { readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sign } from "airudder-webhooks";
import { catalogue } from "airudder-webhooks/inspect";

const samples = fileURLToPath(new URL("../../schemas/samples", import.meta.url));

/** A push as the vendor would send it. */
export interface VendorPush {
  readonly type: string;
  readonly body: string;
}

/** The pushes that the vendor documents, one of each type. Those that carry a signature are signed. */
export function documentedPushes(key: string): VendorPush[] {
  return catalogue
    .filter(({ provenance, form }) => provenance === "documented" && form !== "bare")
    .flatMap(({ type, samples: files }) => {
      const file =
        files.find((name) => name.endsWith("/vendor-example.json")) ?? files.find((name) => !name.includes("/drift-"));
      return file === undefined ? [] : [{ type, body: signed(readFileSync(join(samples, file), "utf8"), key) }];
    });
}

/** The vendor's published example has its ids masked, and so a Sign that cannot be right: it gets the one that is. */
function signed(body: string, key: string): string {
  const { TaskID, Sign } = JSON.parse(body) as { TaskID?: string; Sign?: string };
  return TaskID === undefined || Sign === undefined ? body : body.replace(Sign, sign(TaskID, key));
}

/** The same call completion about another call. */
export function anotherCall({ type, body }: VendorPush, key: string): VendorPush {
  const { TaskID } = JSON.parse(body) as { TaskID: string };
  const another = body.replace(TaskID, "0f1e2d3c4b5a69788796a5b4c3d2e1f0");
  return {
    type,
    body: another.replace(/"Sign": "[^"]*"/, `"Sign": "${sign("0f1e2d3c4b5a69788796a5b4c3d2e1f0", key)}"`),
  };
}

/** Posts as the vendor does. Names below `localhost` are this machine, which Node's resolver does not know. */
export function postAsVendor(url: string, { body }: VendorPush): Promise<number> {
  const { hostname, port, host, pathname, search } = new URL(url);
  const headers = {
    Host: host,
    "Content-Type": "application/json",
    "User-Agent": "Airudder",
    "Content-Length": Buffer.byteLength(body),
  };
  const address = hostname.endsWith(".localhost") ? "127.0.0.1" : hostname;
  return new Promise((resolve, reject) => {
    const sending = request(
      { host: address, port, path: pathname + search, method: "POST", headers, agent: false },
      (response) => {
        response.resume().on("end", () => resolve(response.statusCode ?? 0));
      },
    );
    sending.on("error", reject).end(body);
  });
}
