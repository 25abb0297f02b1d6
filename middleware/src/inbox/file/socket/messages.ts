/**
 * The messages between the owner of an inbox folder and the other processes of the machine that use the folder, its clients.
 *
 * 1. The client connects to the socket that the lock file names, and sends {@link Hello}.
 * 2. The owner responds with its version. If the versions differ, it closes the connection. Once its journal is open, it sends `opened`.
 * 3. The client sends requests without waiting for responses. The owner responds to each, in any order.
 *
 * When an owner ends, it closes its connections. The results of requests without a response are then unknown. The clients send their pushes to
 * the next owner, which detects by their ids those that are already stored.
 */
import { AirudderError, type AirudderErrorCode } from "../../../errors.js";
import { type Content, type HeaderMap, JournalError, type NewHead, type PushHead } from "../../../journal/index.js";
import { classOf, messageOf } from "../../../observe/describe-error.js";
import { type InboxState, Quarantined, type StoredPush } from "../../inbox.js";
import { headOf, storedOf } from "../records.js";
import type { Frame } from "./frames.js";

/** Version of the messages. Processes of different versions do not share a folder. */
export const MESSAGES_VERSION = 1;

/** The first message of a client. */
export interface Hello {
  readonly version: number;
  /** `LockSocket.key` */
  readonly key: string;
  /** Identity of the folder. In a copy of the folder, the lock file names the owner of the original. */
  readonly folder: string | undefined;
}

/** A message of the owner that is not a response. */
export interface OwnerMessage {
  /** The version of the owner: its first message. */
  readonly version?: number;
  /** The journal is open. */
  readonly opened?: true;
}

/**
 * What a client asks for.
 *
 * - `put`, `replay`: stores or replays the push in the message
 * - `dead`, `retry`, `drop`: as the functions of `Inbox`, for the push `push`
 * - `state`: the counts
 * - `consume`: the client handles pushes. An owner that handles none then passes the folder on.
 */
export type Operation = "put" | "replay" | "dead" | "retry" | "drop" | "state" | "consume";

export interface Request {
  /** Number of the request in its connection. */
  readonly number: number;
  readonly operation: Operation;
  /** Id of the push to retry, drop or list. */
  readonly push?: string | undefined;
  /** The push to store or replay; its body is that of the message. */
  readonly head?: NewHead;
  readonly headers?: HeaderMap;
}

export interface Response {
  /** Number of the request. */
  readonly number: number;
  readonly value?: unknown;
  readonly error?: SentError;
}

/** The fields of a request that contains a push. */
export function pushFields(push: StoredPush): Pick<Request, "head" | "headers"> {
  return { head: headOf(push), headers: push.headers };
}

/** @throws Error if the message does not contain a push */
export function readPush({ head, headers }: Request, body: Buffer): StoredPush {
  const push = head as Partial<PushHead> | undefined;
  const texts = [push?.id, push?.at, push?.method, push?.url, push?.type, push?.sha256];
  const isPush =
    push?.kind === "push" &&
    texts.every((text) => typeof text === "string") &&
    isObject(headers) &&
    !hasInvalidDate(push);
  if (!isPush) throw new Error("The message contains no push.");
  return storedOf(push as PushHead, { headers, body } as Content);
}

function hasInvalidDate({ at }: Partial<PushHead>): boolean {
  return Number.isNaN(Date.parse(at as string));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** @throws Error if the message is not a request */
export function readRequest({ head }: Frame): Request {
  const request = head as Partial<Request> | null;
  const isRequest = isObject(request) && typeof request.number === "number" && typeof request.operation === "string";
  if (!isRequest || !(request.push === undefined || typeof request.push === "string")) {
    throw new Error("The message is not a request.");
  }
  return request as Request;
}

/** An error as JSON. */
export type SentError =
  | { readonly kind: "journal"; readonly code: JournalError["code"]; readonly message: string }
  | { readonly kind: "airudder"; readonly code: AirudderErrorCode; readonly message: string; readonly hint?: string }
  | { readonly kind: "quarantined" }
  | { readonly kind: "other"; readonly name: string; readonly message: string };

export function encodeError(error: unknown): SentError {
  if (error instanceof JournalError) return { kind: "journal", code: error.code, message: error.message };
  if (error instanceof Quarantined) return { kind: "quarantined" };
  if (error instanceof AirudderError) {
    const { code, message, evidence } = error;
    return { kind: "airudder", code, message, ...(evidence.hint === undefined ? {} : { hint: evidence.hint }) };
  }
  return { kind: "other", name: classOf(error), message: messageOf(error) };
}

export function decodeError(sent: SentError): Error {
  switch (sent.kind) {
    case "journal":
      return new JournalError(sent.code, sent.message);
    case "quarantined":
      return new Quarantined();
    case "airudder":
      return new AirudderError(sent.code, sent.message, sent.hint === undefined ? {} : { hint: sent.hint });
    case "other":
      return Object.assign(new Error(sent.message), { name: sent.name === "" ? "Error" : sent.name });
  }
}

/** The counts of an inbox as JSON. */
export type SentState = Omit<InboxState, "oldest"> & { readonly oldest: string | undefined };

export function encodeState(state: InboxState): SentState {
  return { ...state, oldest: state.oldest?.toISOString() };
}

export function decodeState({ oldest, ...state }: SentState): InboxState {
  return { ...state, oldest: oldest === undefined ? undefined : new Date(oldest) };
}
