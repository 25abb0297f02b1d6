/** Characters that are invisible or change the direction of text: C0, C1, bidi marks, overrides and isolates. */
const CONTROL =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** Abbreviations of U+0000 to U+001F, as in the Unicode charts. Fonts often lack the symbols of U+2400 to U+241F. */
const C0 =
  "NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US".split(
    " ",
  );

/**
 * A text with visible symbols instead of control characters: `⟨NUL⟩` for U+0000, `⟨U+202E⟩` for those without an abbreviation.
 * @param keepLines whether line feeds and tabs stay
 */
export function visibleText(text: string, keepLines = false): string {
  return text.replace(CONTROL, (character) => {
    const code = character.charCodeAt(0);
    if (keepLines && (character === "\n" || character === "\t")) return character;
    if (code < 0x20) return `⟨${C0[code]}⟩`;
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
}

/** A message of the API, with what the page offers in place of the flags of commands. */
export function pageAdvice(text: string): string {
  return text
    .replace(/use --key with (?:the app's|that) key(?: to sign the pushes again)?/g, "“Edit and replay” signs it again")
    .replace(/--reveal shows them(?:, ?--raw writes them)?/g, "“Reveal the body” shows them");
}

/** `1,234` */
export function count(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** `1 push`, `1,234 pushes` */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** `4.1 ms`, `2.3 s` */
export function duration(ms: number): string {
  return ms < 1_000 ? `${ms < 100 ? Math.round(ms * 10) / 10 : Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** `0:08`, `12:40` */
export function minutes(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}

/** `1.9 kB` */
export function byteSize(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  const [value, unit] = bytes < 1_000_000 ? [bytes / 1_000, "kB"] : [bytes / 1_000_000, "MB"];
  return `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
}

/** Local time of day, `08:01:59`; with the date if it is not today. */
export function shortTime(at: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return visibleText(at).slice(0, 24);
  const text = localTime(date);
  return text.slice(0, 10) === localTime(new Date()).slice(0, 10) ? text.slice(11, 19) : text.slice(5, 19);
}

/** Local date and time, `2026-01-31 08:01:59.123`. */
export function fullTime(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? visibleText(at) : localTime(date);
}

function localTime(date: Date): string {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 23).replace("T", " ");
}

/** The first 8 characters of a long id. */
export function shortId(id: string): string {
  return id.length > 14 && !id.startsWith("<") ? `${id.slice(0, 8)}…` : id;
}

/** What a subject is about: its last id, or the agent. */
export function subjectId(subject: string): string {
  const [type, agent] = subject.split("|");
  if (type === "dialer.agent" && agent !== undefined) return agent;
  return subject.split("|").at(-1) ?? subject;
}

/** How a status is coloured. */
export function statusTone(status: string | null | undefined): "ok" | "warn" | "bad" | "info" | "none" {
  switch (status) {
    case "handled":
    case "accepted":
      return "ok";
    case "failed":
    case "dead":
      return "bad";
    case "ignored":
    case "quarantined":
    case "undelivered":
      return "warn";
    case "stored":
      return "info";
    default:
      return "none";
  }
}
