const REASONS: Readonly<Record<number, string>> = {
  0: "unknown",
  1: "no agent after answer",
  2: "normal",
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
 * What a dialer's `hangupReason` means; `undefined` for a code that is not known, as 10 and 11, which are not used.
 *
 * Not documented by the vendor: as receivers of the stand-alone dialer read it.
 * @param code a number, or its digits in a string, as both come
 * @example hangupReason("3") // "busy"
 */
export function hangupReason(code: unknown): string | undefined {
  const number = typeof code === "string" && /^\d{1,3}$/.test(code) ? Number(code) : code;
  return typeof number === "number" && Object.hasOwn(REASONS, number) ? REASONS[number] : undefined;
}
