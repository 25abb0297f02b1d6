import { request } from "node:http";

/** Posts to a public URL as the vendor does. Connects to 127.0.0.1, because Node does not resolve names under `localhost`. */
export function postPublicly(url: string, body: Buffer, { chunked = false }: { chunked?: boolean }): Promise<number> {
  const { host, port, pathname, search } = new URL(url);
  const headers = {
    host,
    "content-type": "application/json",
    "user-agent": "Airudder",
    ...(chunked ? {} : { "content-length": body.length }),
  };
  return new Promise((resolve, reject) => {
    const sending = request(
      { host: "127.0.0.1", port, path: pathname + search, method: "POST", headers, agent: false },
      (response) => {
        response.resume().on("end", () => resolve(response.statusCode ?? 0));
      },
    );
    sending.on("error", reject);
    sending.write(body.subarray(0, 5));
    sending.end(body.subarray(5));
  });
}
