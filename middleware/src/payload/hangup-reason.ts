/** Meaning of each known code. */
const REASONS: Readonly<Record<number, string>> = {
  0: "unknown",
  1: "no agent after answer",
  2: "ended normally, answered or not",
  3: "busy",
  4: "not in use",
  5: "hold",
  6: "switched off",
  7: "out of area",
  8: "invalid number",
  9: "wrong number",
  12: "talked",
  13: "agent rejected",
  14: "user hung up",
  15: "fused",
  16: "voicemail",
  17: "agent's network failed",
  18: "call attempt limit",
  19: "contact abandoned early",
  20: "do not call",
};

/**
 * The meaning of `hangupReason` in a dialer push; `undefined` for an unknown code. Codes 10 and 11 are not used.
 *
 * 12, 13 and 14 are evidence that the callee answered. 2 is not, although the dialer calls it "Normal": existing code that receives
 * these pushes in production treats it as not answered.
 *
 * The vendor does not document the codes. Existing code that receives pushes of the stand-alone dialer uses these meanings.
 * @param code a number, or its digits in a string: the vendor sends both
 * @example hangupReason("3") // "busy"
 */
export function hangupReason(code: unknown): string | undefined {
  const number = typeof code === "string" && /^\d{1,3}$/.test(code) ? Number(code) : code;
  return typeof number === "number" && Object.hasOwn(REASONS, number) ? REASONS[number] : undefined;
}
