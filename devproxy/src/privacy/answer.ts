import { isUtf8 } from "node:buffer";
import type { AirudderErrorCode } from "airudder-webhooks";
import { RESPONSE_BYTES } from "../journal/response-bytes.js";
import { fieldOf, type Ground, type Shape } from "./ground.js";

/** The middleware's refusals: their messages tell nothing of anyone. */
const REFUSALS: Record<AirudderErrorCode, true> = {
  method_not_allowed: true,
  unsupported_media_type: true,
  unsupported_encoding: true,
  too_large: true,
  empty_body: true,
  malformed_json: true,
  not_an_object: true,
  missing_sign: true,
  bad_sign: true,
  bad_token: true,
  body_timeout: true,
  handler_failed: true,
  body_already_consumed: true,
  busy: true,
  inbox_unavailable: true,
  invalid_option: true,
  not_found: true,
  no_handler: true,
  replay_not_allowed: true,
};

const TEXT: Shape = { type: ["string"], additional: false };

function answerWith(error: Record<string, Shape>): Shape {
  return { additional: false, properties: { error: { type: ["object"], properties: error, additional: false } } };
}

const ANSWER = answerWith({ code: TEXT });
const REFUSAL = answerWith({ code: TEXT, message: TEXT });

/** The ground of an app's answer, or of the part of it at a JSON pointer: an error's code is known, and what else the middleware says. */
export function groundOfAnswer(value: unknown, pointer = ""): Ground {
  const answer = pointer === "/error" ? { error: value } : value;
  const steps = pointer.split("/").slice(1);
  return steps.reduce<Ground>((ground, step) => fieldOf(ground, step), isRefusal(answer) ? REFUSAL : ANSWER);
}

function isRefusal(answer: unknown): boolean {
  const code = (answer as { error?: { code?: unknown } } | null)?.error?.code;
  return typeof code === "string" && Object.hasOwn(REFUSALS, code);
}

/** Whether there may have been more of an answer than what was kept. */
export function mayBeCut(body: Buffer): boolean {
  return body.length === RESPONSE_BYTES;
}

/** Text without the letter that was cut in two at its end; anything else as it is. */
export function wholeLetters(body: Buffer): Buffer {
  const ends = [0, 1, 2, 3].map((cut) => body.subarray(0, body.length - cut));
  return ends.find((part) => isUtf8(part)) ?? body;
}
