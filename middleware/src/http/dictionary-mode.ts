import { IncomingMessage, type ServerResponse } from "node:http";

/** Up to Node 22 V8 does not keep the shapes that an object takes on after its prototype was changed: each object gets its own. */
const FORGETS_SHAPES = Number.parseInt(process.versions.node, 10) < 24;

/**
 * Express changes the prototypes of a request and its response, then adds to them. From there on no inline cache knows them, and each access,
 * ours and those of Node's own streams, takes V8's slowest path. An object that has lost a property becomes a dictionary, and dictionaries
 * do share their shape: one property of each is taken away and put back.
 */
export function useDictionaryMode(request: IncomingMessage, response: ServerResponse): void {
  if (!FORGETS_SHAPES || Object.getPrototypeOf(request) === IncomingMessage.prototype) return;
  if (Object.hasOwn(request, "complete")) {
    const { complete } = request;
    Reflect.deleteProperty(request, "complete");
    request.complete = complete;
  }
  if (Object.hasOwn(response, "sendDate")) {
    const { sendDate } = response;
    Reflect.deleteProperty(response, "sendDate");
    response.sendDate = sendDate;
  }
}
