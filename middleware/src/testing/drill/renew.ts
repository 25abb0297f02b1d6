import { randomInt } from "node:crypto";
import { AirudderError } from "../../errors.js";
import { findSchema } from "../../push/identify.js";
import { DEFAULT_KEY, sign } from "../../push/sign.js";
import { findIds, findSubject } from "../../push/subject.js";
import type { IdNames } from "./effects.js";

/** A push that a drill sends: its headers, and the exact bytes of its body. */
export interface DrillPush {
  /** Names in lower case. Default: those of the vendor, `content-type` and `user-agent`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** A copy of a list of pushes with ids that no other run has. */
export interface RenewedPushes {
  readonly pushes: readonly PreparedPush[];
  /** A stable name for each new id, such as `<call 1>`. */
  readonly names: IdNames;
}

/** Recorded pushes that a drill cannot use. */
export interface LeftOut {
  readonly count: number;
  /** Why, such as `not a JSON object`. */
  readonly reason: string;
}

/** A push as it is sent, with its subject and its payload. */
export interface PreparedPush {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Equal for all pushes about one call, agent or task. */
  readonly subject: string | undefined;
  /** The payload; `undefined` if the body is not a JSON object. */
  readonly payload: object | undefined;
}

const VENDOR_HEADERS = { "content-type": "application/json", "user-agent": "Airudder" };

/** A shorter id is not replaced, because other fields may contain the same text. */
const MIN_ID_LENGTH = 4;
/** The country code of Indonesia, then zeros. No phone number begins like this. */
const FICTITIOUS_PHONE = "+6200";

/**
 * Copies pushes with new ids: workflow, task, call, case, agent and phone number. Equal ids stay equal. Pushes with a `Sign` are signed
 * again. All other bytes stay the same.
 * @param key key to sign with; default: the vendor's published key
 * @throws AirudderError `invalid_option`, if a body is compressed
 */
export function renewPushes(pushes: readonly DrillPush[], key: string = DEFAULT_KEY): RenewedPushes {
  const renewal = new Renewal();
  const texts = pushes.map((push) => textOf(push));
  texts.forEach((text) => {
    const payload = payloadOf(text);
    if (payload !== undefined) renewal.add(payload);
  });
  const renewed = texts.map((text, i) => {
    const changed = payloadOf(text) === undefined ? text : withSign(renewal.apply(text), key);
    const payload = payloadOf(changed);
    renewal.nameSign((payload as { Sign?: unknown } | undefined)?.Sign);
    return {
      headers: { ...VENDOR_HEADERS, ...pushes[i]?.headers },
      body: Buffer.from(changed, "latin1"),
      subject: payload && findSubject(findSchema(payload, undefined), payload),
      payload,
    };
  });
  return { pushes: renewed, names: renewal.names };
}

/**
 * The pushes that a drill can renew, and why the others are left out.
 * @param mustBeSigned whether the app rejects pushes that lack a required `Sign`
 */
export function usablePushes(
  pushes: readonly DrillPush[],
  mustBeSigned: boolean,
): { usable: DrillPush[]; leftOut: LeftOut[] } {
  const counts = new Map<string, number>();
  const usable = pushes.filter((push) => {
    const reason = whyUnusable(push, mustBeSigned);
    if (reason !== undefined) counts.set(reason, (counts.get(reason) ?? 0) + 1);
    return reason === undefined;
  });
  return { usable, leftOut: [...counts].map(([reason, count]) => ({ reason, count })) };
}

function whyUnusable(push: DrillPush, mustBeSigned: boolean): string | undefined {
  const payload = payloadOf(textOf(push));
  if (payload === undefined) return "not a JSON object";
  const renewal = new Renewal();
  renewal.add(payload);
  if (renewal.names.size === 0) return "no known ids that could be replaced";
  const { Sign } = payload as { Sign?: unknown };
  const isSigned = typeof Sign === "string" && Sign !== "";
  return mustBeSigned && findSchema(payload, undefined)?.sign === "Sign" && !isSigned ? "no Sign" : undefined;
}

/** The types of pushes, in order. */
export function typesOf(pushes: readonly DrillPush[]): string[] {
  const types = pushes.map((push) => findSchema(payloadOf(textOf(push)) ?? {}, undefined)?.type ?? "unknown");
  return [...new Set(types)];
}

/** One character per byte, so that bytes that are not valid UTF-8 stay as they are. */
function textOf({ headers, body }: DrillPush): string {
  const encoding = headers?.["content-encoding"] ?? "identity";
  if (encoding !== "identity")
    throw new AirudderError(
      "invalid_option",
      `drill(): the body of a push is compressed (${encoding}). Decompress it.`,
    );
  return Buffer.from(body).toString("latin1");
}

function payloadOf(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(
      Buffer.from(text, "latin1")
        .toString("utf8")
        .replace(/^\ufeff/, ""),
    );
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The replacements of the ids of a list of pushes. */
class Renewal {
  readonly names = new Map<string, string>();
  readonly #replacements = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  add(payload: object): void {
    const { node: _, ...ids } = findIds(findSchema(payload, undefined), payload);
    for (const [kind, id] of Object.entries(ids)) this.#replaceText(kind, id);
    const { Details } = payload as { Details?: unknown };
    if (!Array.isArray(Details)) return;
    for (const detail of Details as ({ [name: string]: unknown } | null)[]) {
      this.#replaceText("call", detail?.CallID);
      this.#replaceText("case", detail?.CaseID);
      this.#replaceText("phone", detail?.CalleeNumber);
      this.#replaceNumber(detail?.id);
    }
  }

  /** Replaces the ids in the text of a body, which has one character per byte. */
  apply(text: string): string {
    // A string is replaced as a whole. A number is replaced only as the value of "id".
    let previous = "";
    return text.replace(/"(?:[^"\\]|\\.)*"|\d+/g, (found) => {
      const isReplaceable = found.startsWith('"') || previous === '"id"';
      previous = found;
      return (isReplaceable ? this.#replacements.get(found) : undefined) ?? found;
    });
  }

  #replaceText(kind: string, id: unknown): void {
    if (typeof id !== "string" || id.length < MIN_ID_LENGTH) return;
    const json = Buffer.from(JSON.stringify(id)).toString("latin1");
    if (this.#replacements.has(json)) return;
    const renewed = kind === "phone" ? newPhone() : newId(id);
    this.#replacements.set(json, Buffer.from(JSON.stringify(renewed)).toString("latin1"));
    this.#name(kind, renewed);
  }

  #replaceNumber(id: unknown): void {
    if (!Number.isSafeInteger(id) || this.#replacements.has(String(id))) return;
    const renewed = String(randomInt(1_000_000_000, 2_147_483_647));
    this.#replacements.set(String(id), renewed);
    this.#name("id", renewed);
  }

  /** The `Sign` depends on the new ids. */
  nameSign(sign: unknown): void {
    if (typeof sign === "string" && sign.length >= MIN_ID_LENGTH && !this.names.has(sign)) this.#name("Sign", sign);
  }

  #name(kind: string, id: string): void {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    this.names.set(id, `<${kind} ${count}>`);
  }
}

/** An id of the same form with other digits. A short one, or one without digits, gets more digits at its end. */
function newId(id: string): string {
  const isHex = /^[0-9a-f-]{16,}$/i.test(id);
  const digits = isHex ? /[0-9a-f]/gi : /\d/g;
  if ((id.match(digits) ?? []).length < 12) return `${id}-${randomInt(2 ** 47).toString(36)}`;
  return id.replace(digits, () => randomInt(isHex ? 16 : 10).toString(16));
}

/** A phone number that does not exist. */
function newPhone(): string {
  return FICTITIOUS_PHONE + String(randomInt(10_000_000)).padStart(7, "0");
}

function withSign(text: string, key: string): string {
  const { TaskID, Sign } = (payloadOf(text) ?? {}) as { TaskID?: unknown; Sign?: unknown };
  if (typeof TaskID !== "string" || typeof Sign !== "string" || Sign === "") return text;
  return text.replaceAll(JSON.stringify(Sign), JSON.stringify(sign(TaskID, key)));
}
