import type { CallDetailLike } from "./call-detail-like.js";

/** One utterance of a call. */
export interface Turn {
  /** Seconds from the start of the call; `undefined` if the payload lacks the time. */
  readonly at: number | undefined;
  readonly speaker: "robot" | "callee";
  readonly text: string;
}

const OFFSET = /^(\d+):([0-5]\d):([0-5]\d)$/;

function secondsOf(time: unknown): number | undefined {
  const parts = typeof time === "string" ? OFFSET.exec(time) : null;
  return parts === null ? undefined : Number(parts[1]) * 3600 + Number(parts[2]) * 60 + Number(parts[3]);
}

/**
 * The utterances of a call, sorted by time. Utterances with the same time keep their order. If a time is missing, all keep their order.
 * Empty utterances are left out. If one entry contains text of both speakers, the robot comes first: the vendor's docs do not
 * say who spoke first.
 *
 * Field of the vendor's page on call completion: `AsrResult`. The result is empty if the push has none, as in some countries.
 * @example transcript(payload.Details[0]) // [{ at: 0, speaker: "robot", text: "Hello" }, …]
 */
export function transcript(detail: CallDetailLike): Turn[] {
  const entries = Array.isArray(detail.AsrResult) ? detail.AsrResult : [];
  const turns = entries.flatMap((entry): Turn[] => {
    const at = secondsOf(entry?.time);
    const texts = [
      ["robot", entry?.robottext],
      ["callee", entry?.text],
    ] as const;
    return texts.flatMap(([speaker, text]) =>
      typeof text === "string" && text.trim() !== "" ? [{ at, speaker, text }] : [],
    );
  });
  return turns.every(({ at }) => at !== undefined) ? turns.sort((a, b) => Number(a.at) - Number(b.at)) : turns;
}
