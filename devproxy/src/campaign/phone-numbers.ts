/**
 * Ranges of 1,000 numbers each that Ofcom reserves for drama, without the last three digits. Nobody has one of these numbers.
 * https://www.ofcom.org.uk/phones-and-broadband/phone-numbers/numbers-for-drama
 */
const RANGES = [
  "+447700900", // mobile
  "+441632960", // no area
  "+442079460", // London
  "+441134960", // Leeds
  "+441144960", // Sheffield
  "+441154960", // Nottingham
  "+441164960", // Leicester
  "+441174960", // Bristol
  "+441184960", // Reading
  "+441214960", // Birmingham
  "+441314960", // Edinburgh
  "+441414960", // Glasgow
  "+441514960", // Liverpool
  "+441614960", // Manchester
  "+441914980", // Tyneside, Durham and Sunderland
  "+442920180", // Cardiff
] as const;
const NUMBERS_IN_RANGE = 1_000;

/** The number that every call comes from. No contact has a number of its range, which is UK-wide and also reserved for drama. */
export const CALLER_NUMBER = "+443069990000";

/** The phone number of a contact. The first 16,000 contacts have different numbers, then they repeat. */
export function phoneNumber(index: number): string {
  const range = RANGES[index % RANGES.length];
  const suffix = Math.floor(index / RANGES.length) % NUMBERS_IN_RANGE;
  return `${range}${String(suffix).padStart(3, "0")}`;
}
