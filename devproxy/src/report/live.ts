import { relative } from "node:path";
import type { DeliveryEvent, DevproxyEvent, Listener, PushEvent, StoppedEvent, TunnelEvent } from "../events.js";
import type { Outcome } from "../http/index.js";
import { type JournalIndex, type Row, succeeded } from "../journal/index.js";
import { Redactor } from "../privacy/index.js";
import type { VerdictEvent } from "../replay/index.js";
import { duration, pushCount, safeLine, timeOfDay, withSeparators } from "./format.js";
import { type LineOutput, type PushLine, type PushNote, pushFacts, pushLine } from "./push-line.js";
import { verdictStyle } from "./replay.js";
import type { Screen } from "./screen.js";

const TOKEN_HINT = "the app requires its token: set AIRUDDER_TOKEN, or put it into --target, as in ...?token=SECRET";
const UPGRADE_HINT = "the app does not report how it handled a push: upgrade its airudder-webhooks";

/** Time after which a push is printed although its delivery has not ended, ms. */
const WAITING_MS = 1_000;

/** Maximum number of hints that are printed. */
const MAX_HINTS = 20;

/** Results of an app that count as a failure. */
const FAILURES: ReadonlySet<string | undefined> = new Set(["failed", "dead", "quarantined", "rejected"]);

/** Returns a listener that prints events in the format of `--json`, and notes to `err`. */
export function jsonLiveReporter(out: Screen, err: Screen, redactor = new Redactor("", false)): Listener {
  return (event) => {
    if (event.event === "note") err.line(safeLine(redactor.text(event.message)));
    else out.json(event.event === "delivery" ? redactError(event, redactor) : event);
  };
}

/** A push that has been received, and whose first delivery has not ended. */
interface Waiting {
  event: PushEvent;
  receivedAt: number;
}

/** Prints the events of `listen` as text: one line for each push and its delivery. */
export class LiveReporter {
  /** Whether only pushes that failed are printed. */
  failedOnly = false;
  /** Ids of pushes that are replayed from the keyboard: their verdict is printed in place of their delivery. */
  replaying: ReadonlySet<string> = new Set();
  /** In the order of arrival. */
  readonly #waiting = new Map<string, Waiting>();
  /** Pushes whose line was printed before their delivery ended. */
  readonly #slow = new Map<string, PushEvent>();
  readonly #printedHints = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly out: LineOutput,
    private readonly index: JournalIndex,
    private readonly redactor = new Redactor("", false),
  ) {}

  /** Number of pushes that have waited for the end of their first delivery for more than a second. */
  get slowCount(): number {
    return this.#slow.size;
  }

  report(event: DevproxyEvent): void {
    if (event.event === "push") this.#received(event);
    else if (event.event === "delivery") this.#delivered(redactError(event, this.redactor));
    else if (event.event === "tunnel") this.text(tunnelText(this.out, event));
    else if (event.event === "note") this.note(event.message);
    else if (event.event === "stopped") for (const line of stoppedLines(event)) this.out.line(line);
  }

  /** Prints a message of the dev proxy. */
  note(message: string): void {
    this.text(`${this.out.style("yellow", "!")} ${safeLine(this.redactor.text(message))}`);
  }

  /** Prints a line with the time of day. */
  text(text: string): void {
    this.out.line(`${this.out.style("dim", timeOfDay())}  ${text}`);
  }

  /** Prints the result of a replay. */
  verdict({ push, verdict, status, result, code, ms, error }: VerdictEvent): void {
    const isSuccess = isSuccessful(status, result);
    if (this.failedOnly && isSuccess) return;
    const notes: PushNote[] = [{ text: `replay: ${verdict}`, style: verdictStyle(verdict) }];
    notes.push(...failureNotes(code, error === undefined ? undefined : this.redactor.text(error)));
    this.#line({ ...this.#facts(push), status, result, isSuccess, ms, notes });
  }

  #line(line: PushLine): void {
    this.out.line(pushLine(this.out, line));
  }

  #received(event: PushEvent): void {
    this.#waiting.set(event.id, { event, receivedAt: performance.now() });
    this.#startTimer();
  }

  #startTimer(): void {
    const [oldest] = this.#waiting.values();
    if (this.#timer !== undefined || oldest === undefined) return;
    const wait = Math.max(0, oldest.receivedAt + WAITING_MS - performance.now());
    this.#timer = setTimeout(() => this.#printWaiting(), wait);
    this.#timer.unref();
  }

  /** Prints the pushes that have waited for a second, so that a push is visible while the app is stopped at a breakpoint. */
  #printWaiting(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const [id, { event, receivedAt }] of this.#waiting) {
      if (receivedAt + WAITING_MS > now + 1) break;
      this.#waiting.delete(id);
      this.#slow.set(id, event);
      const notes = [...this.#problems(id, event), { text: "waiting for the app", style: "yellow" as const }];
      if (this.failedOnly) continue;
      this.#line({ ...this.#facts(id), status: undefined, isSuccess: false, notes });
      this.#explainSign(event);
    }
    this.#startTimer();
  }

  #delivered({ push, status, code, result, ms, cause, error, late, outcome }: DeliveryEvent): void {
    const received = this.#waiting.get(push)?.event ?? this.#slow.get(push);
    this.#waiting.delete(push);
    this.#slow.delete(push);
    if (cause === "replay" && this.replaying.has(push)) return;
    const isSuccess = isSuccessful(status, result);
    if (this.failedOnly && isSuccess) return;
    const notes = this.#problems(push, received, result);
    if (late) notes.push({ text: "late", style: "yellow" });
    notes.push(...outcomeNotes(outcome, this.index.byId(push)));
    if (cause !== "live") notes.push({ text: cause });
    notes.push(...failureNotes(code, error ?? outcome?.error));
    this.#line({ ...this.#facts(push), status, result, isSuccess, ms, notes });
    this.#explainSign(received);
    if (code === "bad_token") this.#hint(TOKEN_HINT);
    if (outcome !== undefined && outcome.result === undefined) this.#hint(UPGRADE_HINT);
  }

  /** What is wrong with a push itself. */
  #problems(id: string, event: PushEvent | undefined, result?: string): PushNote[] {
    const push = this.index.byId(id)?.push;
    const drift = event?.drift ?? push?.drift ?? 0;
    const notes: PushNote[] = [];
    if (event?.signProblem !== undefined) notes.push({ text: "bad signature", style: "red" });
    if (push?.quarantined && result !== "quarantined") notes.push({ text: "quarantined", style: "yellow" });
    if (drift > 0) notes.push({ text: `drift ${drift}`, style: "yellow" });
    return notes;
  }

  #facts(id: string): Pick<PushLine, "name" | "type" | "subject"> {
    const push = this.index.byId(id)?.push;
    if (push === undefined) return { name: `#${id}`, type: "" };
    return pushFacts(push, this.redactor);
  }

  /** Prints the likely cause of a wrong `Sign`, once for each cause. */
  #explainSign(event: PushEvent | undefined): void {
    if (event?.signProblem === undefined) return;
    this.#hint(`#${event.seq}: Sign does not match the key. ${event.signProblem}`, event.signProblem);
  }

  /** Prints a hint once. */
  #hint(text: string, key = text): void {
    if (this.#printedHints.has(key) || this.#printedHints.size >= MAX_HINTS) return;
    this.#printedHints.add(key);
    this.text(`${this.out.style("yellow", "!")} ${safeLine(text)}`);
  }
}

/** Whether the app handled a push, as far as it reports that. */
function isSuccessful(status: number | null, result: string | undefined): boolean {
  return succeeded(status ?? undefined) && !FAILURES.has(result);
}

/** Redacts the connection error of a delivery. Its outcome is already redacted. */
function redactError(event: DeliveryEvent, redactor: Redactor): DeliveryEvent {
  return event.error === undefined ? event : { ...event, error: redactor.text(event.error) };
}

/** Why a push failed. If the error of the handler is known, the code of the response says nothing more. */
function failureNotes(code: string | undefined, error: string | undefined): PushNote[] {
  const texts = [code === "handler_failed" && error !== undefined ? undefined : code, error];
  return texts.flatMap((text) => (text === undefined ? [] : [{ text: safeLine(text), style: "red" as const }]));
}

/** What the app's receiver reported, except the result and the error. */
function outcomeNotes(outcome: Outcome | undefined, row: Row | undefined): PushNote[] {
  const notes: PushNote[] = [];
  if (outcome?.duplicate && outcome.result !== "duplicate") notes.push({ text: "duplicate", style: "yellow" });
  if (outcome?.reserialised) notes.push({ text: "reserialised", style: "yellow" });
  if (row?.push.verified && outcome?.verified === false)
    notes.push({ text: "not verified by the app", style: "yellow" });
  return notes;
}

function tunnelText(out: LineOutput, { state, url, error }: TunnelEvent): string {
  const why = error === undefined ? "" : `  ${safeLine(error)}`;
  if (state !== "up") return `${out.style("red", `tunnel ${state}`)}${why}`;
  return `${out.style("green", "tunnel up")}  ${out.style("bold", url ?? "")}${error === undefined ? "  <- give this URL to Airudder" : why}`;
}

/** What `listen` did since its start. */
function stoppedLines(event: StoppedEvent): string[] {
  const { seen, recorded, delivered, failed, quarantined, undelivered, removed, addedMs, journal, total } = event;
  const folder = relative(process.cwd(), journal) || ".";
  const counts = [
    `${withSeparators(recorded)} recorded`,
    `${withSeparators(delivered)} delivered`,
    `${withSeparators(failed)} failed`,
    quarantined === 0 ? undefined : `${withSeparators(quarantined)} quarantined`,
    `${withSeparators(undelivered)} undelivered`,
    removed === undefined ? undefined : `${withSeparators(removed)} removed by --keep`,
  ];
  const lines = [`stopped: ${pushCount(seen)} received, ${counts.filter(Boolean).join(", ")}`];
  if (addedMs !== null) lines.push(`added by the proxy: ${duration(addedMs.p50)} p50, ${duration(addedMs.p99)} p99`);
  return [...lines, `journal: ${folder}, ${pushCount(total)}`];
}
