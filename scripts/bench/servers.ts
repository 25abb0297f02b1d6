import { hash, timingSafeEqual } from "node:crypto";
import type { RequestListener, Server } from "node:http";
import { airudder, fileInbox, type Receiver } from "airudder-webhooks";
import type Factory from "express";
import type { Express, RequestHandler } from "express";
import { KEY, PATH } from "../load/pushes.js";

/** Secret of the servers that check an HMAC. */
export const SECRET = "It's a Secret to Everybody";

type AnyServer = RequestListener | Server;

/** The servers that are compared, by name. Each loads only the packages that it uses, so that its memory can be measured. */
export const servers = {
  /** With default options, so it also detects duplicates. Its handler does nothing. */
  "middleware on Express 5": () => onExpress((app) => app.use(PATH, receiver())),
  "middleware on node:http": (): AnyServer => receiver() as RequestListener,
  "file inbox on Express 5": ([folder]: string[]) => onExpress((app) => app.use(PATH, receiver(folder))),
  "file inbox on node:http": ([folder]: string[]): AnyServer => receiver(folder) as RequestListener,

  "express.json(), res.json({})": () =>
    onExpress((app, { json }) => {
      app.use(PATH, json(), (_request, response) => {
        response.json({});
      });
    }),

  "bare Express, body discarded, res.json({})": () =>
    onExpress((app) => {
      app.use(PATH, (request, response) => {
        request.on("end", () => response.json({})).resume();
      });
    }),

  "express.json()": () =>
    onExpress((app, { json }) => {
      app.use(PATH, json(), (_request, response) => {
        response.end();
      });
    }),

  "bare Express, body discarded": () =>
    onExpress((app) => {
      app.use(PATH, (request, response) => {
        request.on("end", () => response.end()).resume();
      });
    }),

  "@octokit/webhooks": async () => {
    const { Webhooks, createNodeMiddleware } = await import("@octokit/webhooks");
    const webhooks = new Webhooks({ secret: SECRET });
    webhooks.on("push", async () => {});
    return onExpress((app) => app.use(PATH, createNodeMiddleware(webhooks, { path: "/" })));
  },

  /** Responds as the guide of the SDK shows. */
  "@line/bot-sdk, res.json({})": () =>
    onLine((_request, response) => {
      response.json({});
    }),

  "@line/bot-sdk": () =>
    onLine((_request, response) => {
      response.end();
    }),

  /** The minimum of a webhook: parses, checks the md5 and responds. Neither limits nor validates the body. */
  "hand-written on node:http": (): AnyServer => (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => void chunks.push(chunk));
    request.on("end", () => {
      const { TaskID, Sign } = JSON.parse(Buffer.concat(chunks).toString()) as Signed;
      response.statusCode = isSigned(TaskID, Sign) ? 200 : 401;
      response.setHeader("Content-Type", "application/json");
      response.end("{}");
    });
  },

  /** Validates with the given schema, checks the md5, and sends the same response. Detects neither duplicates nor drift. */
  Fastify: async ([schema = "{}"]: string[]) => {
    const { fastify } = await import("fastify");
    const app = fastify({
      ajv: { customOptions: { strict: true, allowUnionTypes: true, coerceTypes: false, removeAdditional: false } },
    });
    app.post<{ Body: Signed }>(PATH, { schema: { body: JSON.parse(schema) } }, async ({ body }, reply) => {
      if (!isSigned(body.TaskID, body.Sign)) return reply.code(401).send();
      return {};
    });
    await app.ready();
    return app.server;
  },
} satisfies Record<string, (args: string[]) => AnyServer | Promise<AnyServer>>;

interface Signed {
  readonly TaskID: string;
  readonly Sign: string;
}

function isSigned(task: string, signature: string): boolean {
  const expected = Buffer.from(hash("md5", task + KEY));
  const actual = Buffer.from(signature);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

function receiver(folder?: string): Receiver {
  return airudder({ key: KEY, inbox: folder === undefined ? undefined : fileInbox(folder) }).on(
    "call.completed",
    () => {},
  );
}

async function onLine(handler: RequestHandler): Promise<AnyServer> {
  const { middleware } = await import("@line/bot-sdk");
  return onExpress((app) => app.use(PATH, middleware({ channelSecret: SECRET }), handler));
}

async function onExpress(mount: (app: Express, express: typeof Factory) => unknown): Promise<AnyServer> {
  const { default: express } = await import("express");
  const app = express();
  mount(app, express);
  return app;
}
