import { queryOf, TEST_PUSH_HEADER } from "../http/index.js";
import { parseEdit } from "../replay/index.js";
import { triggerJson } from "../report/index.js";
import {
  type BuildOptions,
  contentSource,
  type Destination,
  PushBuilder,
  type PushSource,
  parseTestType,
  readPin,
  sampleSource,
  TestPushSender,
  TriggerCounts,
  triggerEvent,
  VENDOR_HEADERS,
} from "../trigger/index.js";
import type { ApiContext } from "./context.js";
import { usage } from "./failure.js";
import { findPush } from "./find-push.js";
import { checkMembers, type Kind } from "./members.js";
import type { ApiRequest } from "./request.js";
import type { TriggerBody, TriggerLine } from "./types.js";

const MAX_COUNT = 1_000;

/** `POST /triggers`. Sends the pushes one after another, until the client disconnects. */
export async function sendTriggers(request: ApiRequest): Promise<void> {
  const { context, redactor } = request;
  const body = checkTrigger(await request.json());
  const options: BuildOptions = { set: body.set?.map(parseEdit), key: body.key, agreedKey: context.key };
  const builder = new PushBuilder(await sourceOf(context, body, options), options);
  const { signal } = request.disconnected();
  const sender = new TestPushSender(destinationOf(context));
  const counts = new TriggerCounts();
  try {
    await request.lines<TriggerLine>(async (print) => {
      for (const { item: push } of builder.pushes(body.count ?? 1)) {
        const result = await sender.send(push, signal);
        if (signal.aborted) return;
        const event = triggerEvent(push, result);
        counts.add(event);
        print(triggerJson({ event, push }, redactor));
      }
      print(counts.summary(false));
    });
  } finally {
    sender.close();
  }
}

/** The ingress of this `listen`: it records each push, and forwards it to the app. */
function destinationOf({ local, token }: ApiContext): Destination {
  return { url: new URL(local), headers: { [TEST_PUSH_HEADER]: `trigger ${token}` }, isRecorded: true };
}

async function sourceOf(
  { store }: ApiContext,
  { type, from, pin, body }: TriggerBody,
  { key, agreedKey }: BuildOptions,
): Promise<PushSource> {
  const testType = type === undefined ? undefined : parseTestType(type);
  if (from !== undefined) {
    const { push, location } = findPush(store.index, from);
    const content = await store.content(location);
    return contentSource(`#${push.seq}`, content, { type: testType, query: queryOf(push.url), newIds: true });
  }
  if (pin !== undefined) {
    const { name, head, content } = await readPin(store.dir, pin);
    return contentSource(`@${name}`, content, { query: queryOf(head.url), newIds: false });
  }
  if (body !== undefined) {
    const content = { headers: { ...VENDOR_HEADERS }, body: Buffer.from(body) };
    return contentSource("the body", content, { type: testType, newIds: false });
  }
  return sampleSource(parseTestType(type ?? ""), { key: key ?? agreedKey });
}

const MEMBERS: Readonly<Record<keyof TriggerBody, Kind>> = {
  type: "text",
  from: "text",
  pin: "text",
  body: "text",
  set: "edits",
  count: "number",
  key: "text",
};

/** @throws ApiFailure `usage` */
function checkTrigger(body: Record<string, unknown>): TriggerBody {
  checkMembers(body, MEMBERS);
  const { type, from, pin, body: text, count, key } = body as TriggerBody;
  if (type === "campaign") throw usage("Send a campaign with the command: airudder-devproxy trigger campaign.");
  const sources = [from, pin, text].filter((source) => source !== undefined).length;
  if (sources > 1 || (sources === 0 && type === undefined)) throw usage("Give one of type, from, pin and body.");
  if (count !== undefined && !(Number.isInteger(count) && count >= 1 && count <= MAX_COUNT))
    throw usage(`count must be a whole number from 1 to ${MAX_COUNT}.`);
  if (key === "") throw usage("key is empty. Leave it out to use the key of listen.");
  return body as TriggerBody;
}
