/** Compiled by `npm run typecheck`: each line that must not compile is marked, and fails when it does. */
import { test } from "node:test";
import {
  type AirudderEvent,
  airudder,
  callTimes,
  dialerBody,
  fileInbox,
  type HandlerContext,
  isAnswered,
  newestState,
  type Push,
  type Receiver,
  transcript,
} from "airudder-webhooks";
import type { Inbox } from "airudder-webhooks/inbox";
import { samplePush } from "airudder-webhooks/testing";

export function handlersAreTyped(): void {
  const receiver = airudder({ key: "k" });
  receiver.on("call.completed", ({ type, payload, raw, verified }) => {
    const stated: "call.completed" = type;
    payload.Details[0]?.CallID satisfies string | undefined;
    raw satisfies Buffer;
    verified satisfies boolean;
    // @ts-expect-error no such field
    payload.details;
    for (const detail of payload.Details) [stated, isAnswered(detail), callTimes(detail), transcript(detail)];
  });
  receiver.on("dialer.agent", ({ payload }) => {
    dialerBody(payload).State satisfies string;
    // @ts-expect-error no such field
    dialerBody(payload).state;
    payload.pds?.body.State satisfies string | undefined;
    payload.body?.State satisfies string | undefined;
    // @ts-expect-error it may be bare
    payload.pds.body;
    if (payload.pds) payload.workflow_id satisfies string;
    else payload.type satisfies "AgentStatus";
  });
  receiver.on("dialer.contact", ({ payload }) => {
    dialerBody(payload).callid satisfies string | undefined;
    // @ts-expect-error misspelt
    dialerBody(payload).calid;
    newestState(undefined, payload) satisfies typeof payload;
  });
  receiver.on("chatbot.session.ended", ({ payload }) => {
    payload.session_end_reason satisfies string | undefined;
    // @ts-expect-error misspelt
    payload.sesion_end_reason;
    // @ts-expect-error misspelt
    payload.messages?.[0]?.content?.txt;
    // @ts-expect-error a chatbot push has no dialer body
    dialerBody(payload).State;
  });
  receiver.on("custom_node.push", ({ payload }) => {
    payload.callee.case_id satisfies string;
    // @ts-expect-error misspelt
    payload.callee.caseid;
  });
  receiver.on("waba.message.status", ({ payload }) => payload.anything satisfies unknown);
  receiver.on("call.completed.info_check", ({ payload }) => payload.anything satisfies unknown);
  receiver.on("workflow.status", ({ payload }) => {
    // @ts-expect-error it has no time of its own
    newestState(undefined, payload);
  });
  receiver.on("unknown", ({ payload }) => payload.anything satisfies unknown);
  receiver.on("quarantined", ({ type, payload }) => [type satisfies string, payload.anything satisfies unknown]);
  receiver.on("*", (push) => {
    // @ts-expect-error not every push has details
    push.payload.Details;
    if (push.type === "workflow.status") push.payload.actions[0]?.node_type satisfies string | undefined;
  });
  // @ts-expect-error no such type
  receiver.on("call.complete", () => undefined);
}

export function transactionsHaveTheTypeOfTheInbox(inbox: Inbox<{ query(sql: string): Promise<number> }>): void {
  airudder({ inbox, work: false })
    .on("call.completed", (_, { transaction }) => transaction.query("insert") satisfies Promise<number>)
    .on("*", (_, { transaction }) => {
      // @ts-expect-error no such function
      transaction.sql;
    });
  airudder({ inbox: fileInbox("folder") }).on("*", (_, { transaction }) => {
    transaction satisfies undefined;
    // @ts-expect-error a file inbox has no transaction
    transaction.query;
  });
  airudder().on("*", (_, { transaction }) => {
    transaction satisfies undefined;
    // @ts-expect-error direct mode has no transaction
    transaction.query;
  });
  airudder({ inbox }) satisfies Receiver<{ query(sql: string): Promise<number> }>;
  // @ts-expect-error a handler of another transaction
  airudder({ inbox }).on("*", (_: Push, { transaction }: HandlerContext<{ sql: string }>) => transaction.sql);
}

export function pushesNarrow(push: Push): string | undefined {
  switch (push.type) {
    case "call.completed":
      return push.payload.TaskID;
    case "chatbot.session.ended":
      return push.payload.session_end_reason;
    default:
      // @ts-expect-error it is none of those
      return push.payload.TaskID;
  }
}

export function enumsStayOpen(): void {
  const status: NonNullable<ReturnType<typeof samplePush<"call.completed">>["Details"][0]>["Status"] =
    "a status of tomorrow";
  status satisfies string;
  samplePush("call.completed", { Details: [{ Status: "finished" }] });
  // @ts-expect-error a number is not a status
  samplePush("call.completed", { Details: [{ Status: 1 }] });
}

export function eventsNarrow(event: AirudderEvent): unknown {
  if (event.event === "rejected") return event.code;
  // @ts-expect-error only a rejection has a code
  return event.code;
}

// @ts-expect-error no such option
airudder.bind(undefined, { kee: "k" });

test("types are checked by the compiler", () => undefined);
