import type { CallDetailLike } from "./call-detail-like.js";

/** One thing that was said. */
export interface Turn {
  /** Seconds from the start of the call; `undefined` where the payload does not say. */
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
 * What was said in a call, in order: entries that hold no text are left out, those of one time stay in the order they came. Where one
 * entry has a text of both, the robot's is put first; which came first is not documented.
 *
 * Field of the vendor's page on call completion: `AsrResult`. Empty where there is none, as in countries whose pushes do not have it.
 * @example transcript(payload.Details[0]) // [{ at: 0, speaker: "robot", text: "Hello" }, …]
 */
export function transcript(detail: CallDetailLike): Turn[] {
  const entries = Array.isArray(detail.AsrResult) ? detail.AsrResult : [];
  const turns = entries.flatMap((entry): Turn[] => {
    const at = secondsOf(entry?.time);
    const said = [
      ["robot", entry?.robottext],
      ["callee", entry?.text],
    ] as const;
    return said.flatMap(([speaker, text]) =>
      typeof text === "string" && text.trim() !== "" ? [{ at, speaker, text }] : [],
    );
  });
  return turns.every(({ at }) => at !== undefined) ? turns.sort((a, b) => Number(a.at) - Number(b.at)) : turns;
}
