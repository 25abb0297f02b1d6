import { setImmediate } from "node:timers/promises";
import { type CallDetailLike, dialerBody, hangupReason, isAnswered, phone, pushTime } from "airudder-webhooks";
import { catalogue, type Shape, validatePush } from "airudder-webhooks/inspect";
import type { Content } from "airudder-webhooks/journal";
import { type Row, type Store, unlessDropped } from "../journal/index.js";
import { hashOf } from "./columns.js";

/** What the stories and the statistics need to know about the body of a push. It contains no personal data. */
export interface Facts {
  /** State of the call, agent or task, if it is one of the known words. */
  state?: string;
  /** How a call ended: `answered`, `busy`, ...; `unknown` if the push does not show it. Absent if the push reports no end of a call. */
  result?: string;
  /** When the state changed, ms since 1970, as the push states. */
  time?: number;
  /** Phone numbers in the task. */
  total?: number;
  /** Hash of the phone number. 0 if there is none. */
  phone: number;
}

/** Maximum number of pushes whose facts are kept: a few megabytes. */
const MAX_KEPT = 50_000;
const NO_FACTS: Facts = { phone: 0 };

/** Reads the bodies of pushes, and caches the facts that the stories and the statistics use. */
export class BodyFacts {
  readonly #kept = new Map<number, Facts>();

  constructor(private readonly store: Store) {}

  /** The facts of a push that was read before. */
  known(seq: number): Facts | undefined {
    return this.#kept.get(seq);
  }

  /** The facts of pushes, by number. Reads only the bodies that were not read before. A body that cannot be read has no facts. */
  async of(rows: readonly Row[]): Promise<ReadonlyMap<number, Facts>> {
    const found = new Map<number, Facts>();
    const missing: Row[] = [];
    for (const row of rows) {
      const known = this.#kept.get(row.push.seq);
      if (known === undefined) missing.push(row);
      else found.set(row.push.seq, known);
    }
    for await (const [row, content] of this.#contents(missing)) {
      const facts = content === undefined ? NO_FACTS : factsOf(row.push.type, content);
      found.set(row.push.seq, facts);
      this.#keep(row.push.seq, facts);
    }
    return found;
  }

  #keep(seq: number, facts: Facts): void {
    this.#kept.set(seq, facts);
    if (this.#kept.size <= MAX_KEPT) return;
    const [oldest] = this.#kept.keys();
    this.#kept.delete(oldest as number);
  }

  async *#contents(rows: Row[]): AsyncGenerator<[Row, Content | undefined]> {
    rows.sort((a, b) => a.location.segment - b.location.segment || a.location.offset - b.location.offset);
    let next = 0;
    try {
      for await (const records of this.store.records(rows.map(({ location }) => location))) {
        for (const record of records) yield [rows[next++] as Row, record?.content];
        await setImmediate();
      }
    } catch {
      // A record is damaged: read the rest one by one.
      for (const row of rows.slice(next))
        yield [row, await unlessDropped(this.store.content(row.location)).catch(() => undefined)];
    }
  }
}

/** Only parses the body: validating it as well would take several times as long. @param type the type that the push was recorded with */
function factsOf(type: string, content: Content): Facts {
  const payload = payloadOf(content);
  if (payload === undefined) return NO_FACTS;
  const facts: Facts = { phone: hashOf(phone({ type, payload })) };
  // The forms of a type have the same fields at different places.
  const shape = catalogue.find((one) => one.type === type)?.shape;
  if (type === "call.completed") addCall(facts, payload, shape);
  else if (type.startsWith("dialer.")) addDialer(facts, type, payload, shape);
  return facts;
}

function payloadOf({ headers, body }: Content): object | undefined {
  if (headers["content-encoding"] !== undefined) return validatePush(body, headers).payload;
  try {
    const payload: unknown = JSON.parse(body.toString("utf8").replace(/^\ufeff/, ""));
    return typeof payload === "object" && payload !== null ? payload : undefined;
  } catch {
    return undefined;
  }
}

function addCall(facts: Facts, payload: object, shape: Shape | undefined): void {
  const { Details } = payload as { Details?: unknown };
  const detail = Array.isArray(Details) ? (Details[0] as CallDetailLike | null | undefined) : undefined;
  if (typeof detail !== "object" || detail === null) return;
  const fields = shape?.properties?.Details?.items?.properties;
  setState(facts, detail.Status, fields?.Status);
  const ring = harmlessWord(detail.RingType, fields?.RingType);
  const answered = isAnswered(detail);
  if (answered) facts.result = "answered";
  else facts.result = ring === undefined || ring === "normal" || ring === "null" ? "unknown" : ring.toLowerCase();
}

/** Results of calls for codes of `hangupReason`; the words are those of `RingType` where it has one. */
const RESULTS: Readonly<Record<string, string>> = {
  busy: "busy",
  "not in use": "cantuse",
  hold: "holdline",
  "switched off": "switchoff",
  "out of area": "outofarea",
  "invalid number": "unregister",
  "wrong number": "wrongnum",
  talked: "answered",
  "agent rejected": "answered",
  "user hung up": "answered",
  "no agent after answer": "noagent",
  "contact abandoned early": "abandoned",
  voicemail: "voicemail",
};

function addDialer(facts: Facts, type: string, payload: object, shape: Shape | undefined): void {
  const body = dialerBody(payload);
  if (body === undefined) return;
  const fields = (shape?.properties?.pds?.properties?.body ?? shape?.properties?.body)?.properties;
  const name = type === "dialer.agent" ? "State" : "state";
  setState(facts, body[name], fields?.[name]);
  if (type === "dialer.task") {
    const total = body.totalNumber;
    // A number with more digits may be personal data.
    if (Number.isSafeInteger(total) && fields?.totalNumber?.harmless?.test(String(total)))
      facts.total = total as number;
    return;
  }
  const time = pushTime(body.timestamp);
  if (time !== undefined) facts.time = time.getTime();
  if (type === "dialer.contact" && String(body.state).toUpperCase() === "HANGUP")
    facts.result = RESULTS[hangupReason(body.hangupReason) ?? ""] ?? "unknown";
}

function setState(facts: Facts, value: unknown, shape: Shape | undefined): void {
  const word = harmlessWord(value, shape);
  if (word !== undefined && word !== "") facts.state = word;
}

/** The value, if the schema knows it. Any other text may be personal data. */
function harmlessWord(value: unknown, shape: Shape | undefined): string | undefined {
  return typeof value === "string" && shape?.harmless?.test(value) ? value : undefined;
}
