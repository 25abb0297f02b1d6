import { pinJson } from "../report/index.js";
import { type Pin, pinNames, readPin, removePin, writePin } from "../trigger/index.js";
import { ApiFailure, usage } from "./failure.js";
import { findPush } from "./find-push.js";
import { checkMembers } from "./members.js";
import type { ApiRequest } from "./request.js";
import type { PinJson, PinRequest, PinsResponse } from "./types.js";

/** `GET /pins`. Leaves out pins whose file is damaged. */
export async function listPins(request: ApiRequest): Promise<PinsResponse> {
  const { dir } = request.context.store;
  const pins: PinJson[] = [];
  for (const name of await pinNames(dir)) {
    const pin = await readPin(dir, name).catch(() => undefined);
    if (pin !== undefined) pins.push(jsonOf(pin, request));
  }
  return { pins };
}

/** `POST /pins` */
export async function addPin(request: ApiRequest): Promise<void> {
  const { store } = request.context;
  const body = await request.json();
  checkMembers(body, { id: "id", name: "text", replace: "flag" });
  const { id, name, replace = false } = body as Partial<PinRequest>;
  if (id === undefined) throw usage("id must be the number or the id of a push.");
  if (name === undefined) throw usage("name must be a text.");
  const { push, location } = findPush(store.index, String(id));
  const pin: Pin = { name, head: push, content: await store.content(location) };
  if (!replace && (await pinNames(store.dir)).includes(name))
    throw new ApiFailure(
      409,
      "pin_exists",
      `The pin ${name} exists already. Give another name, or send "replace": true.`,
    );
  await writePin(store.dir, pin, { force: replace });
  request.response.writeHead(201, { "content-type": "application/json" }).end(JSON.stringify(jsonOf(pin, request)));
}

/** `DELETE /pins/NAME` */
export async function deletePin({ context, ids, response }: ApiRequest): Promise<void> {
  const { dir } = context.store;
  const [name = ""] = ids;
  if (!(await pinNames(dir)).includes(name)) throw new ApiFailure(404, "not_found", "There is no pin of this name.");
  await removePin(dir, name);
  response.writeHead(204).end();
}

function jsonOf(pin: Pin, { redactor }: ApiRequest): PinJson {
  const { event: _, push: __, ...json } = pinJson(pin, redactor) as PinJson & { event: string; push: string };
  return json;
}
