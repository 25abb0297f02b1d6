import { type CallDetailLike, talkSeconds } from "airudder-webhooks";
import type { CallCard, CallCardCall } from "./types.js";

/** The calls of a `call.completed` push, for display; `undefined` if it has no list of calls. @param payload redacted, unless revealed */
export function callCard(payload: unknown): CallCard | undefined {
  const { Details } = objectOf(payload);
  return Array.isArray(Details) ? { calls: Details.map((detail) => callOf(objectOf(detail))) } : undefined;
}

function callOf(detail: Record<string, unknown>): CallCardCall {
  const seconds = talkSeconds(detail as CallDetailLike);
  return {
    ...texts(detail, {
      callId: "CallID",
      status: "Status",
      hangup: "HangupType",
      start: "CallStartTime",
      end: "CallEndTime",
      intention: "Intention",
      intentionDescription: "intention_description",
    }),
    ...ringOf(detail),
    ...numbers(detail, { ringSeconds: "RingTime", dials: "CallTimes" }),
    ...(seconds === undefined ? {} : { seconds }),
    transcript: listOf(detail.AsrResult).flatMap(turnsOf),
    redials: listOf(detail.RedailCall).map((redial) => ({
      ...texts(redial, { at: "CallStartTime", hangup: "HangupType", label: "ResultLabel" }),
      ...ringOf(redial),
      ...numbers(redial, { seconds: "RingTime" }),
    })),
    labels: Object.fromEntries(
      Object.entries(objectOf(detail.EventLabel)).filter(
        (entry): entry is [string, string] => typeof entry[1] === "string",
      ),
    ),
  };
}

/** An element may contain the text of both speakers. Then the robot comes first: the vendor's docs do not say who spoke first. */
function turnsOf({ time, robottext, text }: Record<string, unknown>): CallCardCall["transcript"] {
  const at = typeof time === "string" ? { time } : {};
  return (
    [
      ["robot", robottext],
      ["customer", text],
    ] as const
  ).flatMap(([who, said]) => (typeof said === "string" && said.trim() !== "" ? [{ ...at, who, text: said }] : []));
}

function ringOf({ RingType }: Record<string, unknown>): { ring?: string | null } {
  return typeof RingType === "string" || RingType === null ? { ring: RingType } : {};
}

function texts<K extends string>(value: Record<string, unknown>, names: Record<K, string>): { [key in K]?: string } {
  return pick(value, names, (one) => typeof one === "string") as { [key in K]?: string };
}

function numbers<K extends string>(value: Record<string, unknown>, names: Record<K, string>): { [key in K]?: number } {
  return pick(value, names, (one) => typeof one === "number") as { [key in K]?: number };
}

function pick(
  value: Record<string, unknown>,
  names: Record<string, string>,
  isWanted: (one: unknown) => boolean,
): object {
  return Object.fromEntries(
    Object.entries(names).flatMap(([key, name]) => (isWanted(value[name]) ? [[key, value[name]]] : [])),
  );
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(objectOf) : [];
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
