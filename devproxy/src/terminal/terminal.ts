import type { DevproxyEvent } from "../events.js";
import {
  decidingDelivery,
  isPending,
  type JournalIndex,
  type JournalReader,
  type Row,
  type Status,
  statusOf,
} from "../journal/index.js";
import type { Redactor } from "../privacy/index.js";
import type { ReplayEvent, ReplayRequest, ReplaySummary } from "../replay/index.js";
import {
  failureReason,
  LiveReporter,
  pushCount,
  pushFacts,
  pushText,
  type Screen,
  safeLine,
  withSeparators,
} from "../report/index.js";
import { openInBrowser } from "./browser.js";
import { copyWithProgram, osc52 } from "./clipboard.js";
import { helpLines } from "./help.js";
import { readKeys } from "./keys.js";
import { LastRow } from "./last-row.js";
import { pageUrl } from "./page-url.js";
import { rowText } from "./row-text.js";
import { neighbourOf } from "./selection.js";

/** The parts of the running dev proxy that the terminal uses. */
export interface TerminalProxy {
  readonly localUrl: string;
  readonly publicUrl: string | null;
  /** URL of the inspector page; `null` if there is none. */
  readonly inspectorUrl: string | null;
  readonly appIsUp: boolean;
  readonly waitingCount: number;
  readonly tunnelState: string;
  readonly store: JournalReader & { readonly index: JournalIndex };
  replay(request: ReplayRequest, onEvent: (event: ReplayEvent) => void, signal: AbortSignal): Promise<ReplaySummary>;
}

export interface TerminalOptions {
  out: Screen;
  input: NodeJS.ReadStream;
  proxy: TerminalProxy;
  redactor: Redactor;
  reveal: boolean;
  /** Called for `q` and Ctrl+C. */
  quit(): void;
}

/** Interval at which the states in the last row are updated, ms. */
const REFRESH_MS = 500;

/** Statuses of a push that `f` selects. */
const FAILED: ReadonlySet<Status> = new Set<Status>(["failed", "dead", "quarantined", "undelivered"]);

/** The interactive terminal of `listen`: prints events, shows the last row, and runs the actions of the keys. */
export class Terminal {
  readonly #row: LastRow;
  readonly #reporter: LiveReporter;
  /** `seq` of the newest push at the start. `R` replays later ones. */
  readonly #startSeq: number;
  #selected: { row: Row; text: string } | undefined;
  /** The pushes that the next `R` replays. */
  #confirming: Row[] | undefined;
  #replay: { sent: number; total: number; waitingFor: number | undefined; stop: AbortController } | undefined;
  #isStopping = false;
  #timer: NodeJS.Timeout | undefined;
  #stopKeys: (() => void) | undefined;

  constructor(private readonly options: TerminalOptions) {
    const { out, proxy, redactor } = options;
    this.#row = new LastRow(out, () => this.#update());
    this.#reporter = new LiveReporter(this.#row, proxy.store.index, redactor);
    this.#startSeq = newestSeq(proxy.store.index);
  }

  /** Shows the last row and reads keys. */
  open(): void {
    this.#update();
    this.#row.open();
    this.#timer = setInterval(() => this.#update(), REFRESH_MS);
    this.#timer.unref();
    this.#stopKeys = readKeys(this.options.input, {
      onKey: (key) => this.#press(key),
      onSuspend: () => this.#row.close(),
      onResume: () => {
        this.#update();
        this.#row.open();
      },
    });
  }

  /** Prints an event. */
  readonly report = (event: DevproxyEvent): void => {
    this.#reporter.report(event);
    this.#update();
  };

  /** Shows in the last row that the proxy is stopping. */
  stopping(): void {
    this.#isStopping = true;
    this.#update();
  }

  /** Deletes the last row and stops reading keys. Events are still printed. */
  close(): void {
    clearInterval(this.#timer);
    this.#stopKeys?.();
    this.#row.close();
  }

  #update(): void {
    const { proxy } = this.options;
    this.#row.set(
      rowText(this.#row, {
        tunnel: proxy.tunnelState,
        appIsUp: proxy.appIsUp,
        waiting: proxy.waitingCount,
        slow: this.#reporter.slowCount,
        failedOnly: this.#reporter.failedOnly,
        replay: this.#replay,
        prompt: this.#prompt(),
        selected: this.#selected?.text,
      }),
    );
  }

  #prompt(): string | undefined {
    if (this.#isStopping) return "stopping... (press q or Ctrl+C to end immediately)";
    if (this.#confirming === undefined) return undefined;
    return `R again: replay ${withSeparators(this.#confirming.length)} failed; any other key cancels`;
  }

  #press(key: string): void {
    if (key === "q" || key === "ctrl+c") return void this.options.quit();
    const confirmed = this.#confirming;
    this.#confirming = undefined;
    if (key === "R") this.#replayFailed(confirmed);
    else if (confirmed !== undefined) this.#reporter.text("cancelled");
    else this.#act(key);
    this.#update();
  }

  #act(key: string): void {
    if (key === "h" || key === "?") for (const line of helpLines(this.#row)) this.#row.line(line);
    else if (key === "r") this.#replayOne();
    else if (key === "o") this.#inBackground(this.#open());
    else if (key === "c") this.#inBackground(this.#copy());
    else if (key === "f") this.#toggleFailedOnly();
    else if (key === "up" || key === "down") this.#select(key);
    else if (key === "escape" && this.#replay !== undefined) this.#replay.stop.abort();
    else if (key === "escape") this.#selected = undefined;
  }

  #toggleFailedOnly(): void {
    this.#reporter.failedOnly = !this.#reporter.failedOnly;
    this.#selected = undefined;
    this.#reporter.text(this.#reporter.failedOnly ? "from now on, only failed pushes" : "from now on, all pushes");
  }

  #select(direction: "up" | "down"): void {
    const { index } = this.options.proxy.store;
    const matches = (row: Row) => !this.#reporter.failedOnly || FAILED.has(statusOf(row));
    const row = neighbourOf(index.rows, this.#selected?.row.push.seq, direction, matches);
    if (row !== undefined) this.#inBackground(this.#show(row));
    // Below the newest push, the selection ends.
    else if (direction === "down") this.#selected = undefined;
  }

  /** Selects a push. The reason why it failed is read from the journal, and shown later. */
  async #show(row: Row): Promise<void> {
    const { proxy, redactor } = this.options;
    const selected = { row, text: selectedText(row, redactor) };
    this.#selected = selected;
    const reason = await failureReason(proxy.store, row, redactor);
    if (reason !== undefined) selected.text += `  ${safeLine(reason)}`;
  }

  #replayOne(): void {
    const row = this.#selected?.row ?? this.options.proxy.store.index.rows.at(-1);
    if (row === undefined) return void this.#reporter.note("There is no push to replay yet.");
    this.#startReplay([row]);
  }

  /** @param confirmed the pushes that the user has confirmed; `undefined` at the first press */
  #replayFailed(confirmed: Row[] | undefined): void {
    if (this.#replay !== undefined) return void this.#reporter.note("A replay is running. Esc stops it.");
    if (confirmed !== undefined) return void this.#startReplay(confirmed);
    const rows = this.options.proxy.store.index
      .between(this.#startSeq + 1, Number.MAX_SAFE_INTEGER - 1)
      .filter(isReplayable);
    if (rows.length > 0) this.#confirming = rows;
    else
      this.#reporter.note(
        "No push has failed since the start. For earlier ones: airudder-devproxy replay --status failed",
      );
  }

  #startReplay(rows: readonly Row[]): void {
    if (this.#replay !== undefined) return void this.#reporter.note("A replay is running. Esc stops it.");
    this.#inBackground(this.#runReplay(rows));
  }

  async #runReplay(rows: readonly Row[]): Promise<void> {
    const { proxy, reveal } = this.options;
    // Pushes are sent one at a time, in this order.
    const seqs = rows.map(({ push }) => push.seq);
    const replay = { sent: 0, total: rows.length, waitingFor: seqs[0], stop: new AbortController() };
    this.#replay = replay;
    this.#reporter.replaying = new Set(rows.map(({ push }) => push.id));
    const onEvent = (event: ReplayEvent) => {
      if (event.event === "verdict") {
        replay.sent++;
        replay.waitingFor = seqs[seqs.indexOf(event.seq) + 1];
        this.#reporter.verdict(event);
      } else if (event.event === "note") this.#reporter.note(event.message);
      this.#update();
    };
    try {
      const request = { ids: rows.map(({ push }) => push.id), reveal };
      const summary = await proxy.replay(request, onEvent, replay.stop.signal);
      if (rows.length > 1 || summary.interrupted) this.#reporter.text(summaryText(summary));
    } finally {
      this.#replay = undefined;
      this.#reporter.replaying = new Set();
      const selected = this.#selected?.row;
      if (selected !== undefined && rows.includes(selected)) await this.#show(selected);
    }
  }

  async #open(): Promise<void> {
    const { proxy } = this.options;
    const seq = (this.#selected?.row ?? proxy.store.index.rows.at(-1))?.push.seq;
    if (proxy.inspectorUrl === null)
      return void this.#reporter.note(
        seq === undefined
          ? "There is no inspector page."
          : `There is no inspector page. Use: airudder-devproxy show ${seq}`,
      );
    const url = pageUrl(proxy.inspectorUrl, seq);
    const isOpen = await openInBrowser(url);
    this.#reporter.text(isOpen ? `opened ${url}` : `open in a browser: ${url}`);
  }

  async #copy(): Promise<void> {
    const { proxy } = this.options;
    const url = proxy.publicUrl ?? proxy.localUrl;
    const what = proxy.publicUrl === null ? "the local URL, because there is no public one" : "the public URL";
    const program = await copyWithProgram(url);
    if (program !== undefined) return this.#reporter.text(`copied ${what} with ${program}`);
    // The console of Linux would print the sequence.
    if (process.env.TERM === "linux")
      return void this.#reporter.note(`The clipboard is not available. Copy it yourself: ${url}`);
    this.#row.control(osc52(url));
    this.#reporter.text(`asked the terminal (OSC 52) to copy ${what}. If it did not, copy it yourself: ${url}`);
  }

  /** Runs an action whose errors are printed. */
  #inBackground(action: Promise<void>): void {
    void action.catch((error: Error) => this.#reporter.note(error.message)).finally(() => this.#update());
  }
}

function newestSeq({ rows }: JournalIndex): number {
  return rows.at(-1)?.push.seq ?? 0;
}

/** Whether `R` replays a push: it failed, or it got no response and does not wait for the app. */
function isReplayable(row: Row): boolean {
  const status = statusOf(row);
  return (
    status === "failed" ||
    status === "dead" ||
    (status === "undelivered" && row.deliveries.length > 0 && !isPending(row))
  );
}

function selectedText(row: Row, redactor: Redactor): string {
  const last = decidingDelivery(row)?.head;
  const { drift = 0, quarantined } = row.push;
  const notes = [quarantined ? "quarantined" : "", drift > 0 ? `drift ${drift}` : ""];
  return pushText({
    ...pushFacts(row.push, redactor),
    status: last === undefined ? undefined : (last.status ?? null),
    result: last?.result,
    isSuccess: !FAILED.has(statusOf(row)),
    notes: notes.filter((text) => text !== "").map((text) => ({ text })),
  });
}

function summaryText({ total, verdicts, interrupted, skipped }: ReplaySummary): string {
  const counts = Object.entries(verdicts).map(([verdict, count]) => `${count} ${verdict}`);
  const notes = [interrupted ? "stopped" : "", skipped ? `${pushCount(skipped)} not sent` : ""];
  return [`replayed ${pushCount(total)}: ${counts.join(", ") || "none"}`, ...notes].filter(Boolean).join("; ");
}
