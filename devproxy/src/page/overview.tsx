import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { FilterQuery, StateChange, StatsResponse } from "../api/index.js";
import { useLive, usePage, useThrottled } from "./context.js";
import { count, duration, fullTime, shortTime, visibleText } from "./format.js";
import { Bars, Legend, Lines, type Series } from "./plot.js";
import { statusList } from "./story-rows.js";
import { Status } from "./text.js";

const MINUTES = [15, 60, 360, 1440];
/** Number of types with a colour of their own. The others share one. */
const MAX_TYPES = 5;
const OTHER_COLOUR = 5;

/** Plots of the recorded pushes, and of the states of tunnel and app. */
export function Overview({ onFilter }: { onFilter(filters: FilterQuery): void }): JSX.Element {
  const { client, state } = usePage();
  const [minutes, setMinutes] = useState(60);
  const [stats, setStats] = useState<StatsResponse>();
  const [error, setError] = useState<string>();
  const load = async () => {
    try {
      setStats(await client.get<StatsResponse>("/stats", { minutes }));
      setError(undefined);
    } catch (problem) {
      setError((problem as Error).message);
    }
  };
  useEffect(() => void load(), [client, minutes]);
  const refresh = useThrottled(load, 1_000);
  useLive(({ event }) => {
    if (event !== "note") refresh();
  });
  useEffect(() => {
    const timer = setInterval(refresh, 15_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <div class="overview">
      <div class="section-head">
        <h2>Overview</h2>
        <select aria-label="Period" value={minutes} onChange={(event) => setMinutes(Number(event.currentTarget.value))}>
          {MINUTES.map((value) => (
            <option key={value} value={value}>
              {value < 120 ? `last ${value} minutes` : `last ${value / 60} hours`}
            </option>
          ))}
        </select>
      </div>
      {error !== undefined && <p class="message bad">{error}</p>}
      {stats === undefined && error === undefined && <p class="message">Loading…</p>}
      {stats !== undefined && (
        <div class="panels">
          <Pushes stats={merged(stats)} />
          <Response stats={merged(stats)} />
          <Panel title="Results of calls">
            <Shares counts={stats.callResults} empty="No call ended in this period." />
          </Panel>
          <Panel title={`Status of all ${count(stats.total)} pushes`}>
            <ul class="shares">
              {statusList(stats.byStatus).map(([status, number]) => (
                <li key={status}>
                  <button type="button" class="link name" onClick={() => onFilter({ status })}>
                    <Status status={status} />
                  </button>
                  <Share number={number} total={stats.total} />
                </li>
              ))}
            </ul>
          </Panel>
          <Panel title="Tunnel and app">
            <States
              name="Tunnel"
              now={stats.tunnel.state}
              history={stats.tunnel.history}
              minutes={minutes}
              note={stats.tunnel.error ?? stats.tunnel.url ?? undefined}
            />
            <States
              name="App"
              now={stats.app.state}
              history={stats.app.history}
              minutes={minutes}
              note={state?.target}
            />
            <p>
              Queue: {stats.queue.waiting === 0 ? "empty" : `${count(stats.queue.waiting)} pushes wait for the app`}
            </p>
          </Panel>
        </div>
      )}
    </div>
  );
}

/** With more than two hours, several minutes become one bar. Its p50 and p99 are the highest of these minutes. */
function merged(stats: StatsResponse): StatsResponse {
  const size = Math.ceil(stats.perMinute.length / 120);
  if (size <= 1) return stats;
  const perMinute: StatsResponse["perMinute"] = [];
  stats.perMinute.forEach(({ minute, byType }, index) => {
    if (index % size === 0) perMinute.push({ minute, byType: {} });
    const last = perMinute.at(-1)?.byType ?? {};
    for (const [type, number] of Object.entries(byType)) last[type] = (last[type] ?? 0) + number;
  });
  const groups = new Map<number, StatsResponse["response"]["perMinute"][number]>();
  stats.response.perMinute.forEach((one, index) => {
    const known = groups.get(Math.floor(index / size));
    const max = (a: number | null, b: number | null) => (a === null ? b : b === null ? a : Math.max(a, b));
    groups.set(Math.floor(index / size), {
      minute: known?.minute ?? one.minute,
      p50: max(known?.p50 ?? null, one.p50),
      p99: max(known?.p99 ?? null, one.p99),
      count: (known?.count ?? 0) + one.count,
    });
  });
  return { ...stats, perMinute, response: { ...stats.response, perMinute: [...groups.values()] } };
}

function Panel({ title, children }: { title: string; children: ComponentChildren }): JSX.Element {
  return (
    <section class="panel">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function Pushes({ stats }: { stats: StatsResponse }): JSX.Element {
  const totals = new Map<string, number>();
  for (const { byType } of stats.perMinute)
    for (const [type, number] of Object.entries(byType)) totals.set(type, (totals.get(type) ?? 0) + number);
  const names = [...totals].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  const own = names.slice(0, names.length === MAX_TYPES + 1 ? MAX_TYPES + 1 : MAX_TYPES);
  const rest = names.slice(own.length);
  const series: Series[] = own.map((name, colour) => ({
    name: visibleText(name),
    colour,
    values: stats.perMinute.map(({ byType }) => byType[name] ?? 0),
  }));
  if (rest.length > 0)
    series.push({
      name: `${rest.length} other types`,
      colour: OTHER_COLOUR,
      values: stats.perMinute.map(({ byType }) => rest.reduce((sum, name) => sum + (byType[name] ?? 0), 0)),
    });
  const total = [...totals.values()].reduce((sum, number) => sum + number, 0);
  const sums = series.map(({ values }) => values.reduce<number>((sum, value) => sum + (value ?? 0), 0));
  const label = `${count(total)} pushes: ${series.map(({ name }, index) => `${name} ${sums[index]}`).join(", ")}`;
  const perBar = minutesPerBar(stats);
  return (
    <Panel title={perBar === 1 ? "Pushes per minute" : `Pushes in ${perBar} minutes`}>
      <Bars label={label} minutes={stats.perMinute.map(({ minute }) => minute)} series={series} />
      <Legend series={series.map((one, index) => ({ ...one, note: count(sums[index] ?? 0) }))} />
    </Panel>
  );
}

function minutesPerBar({ perMinute: [first, second] }: StatsResponse): number {
  if (first === undefined || second === undefined) return 1;
  return Math.max(1, Math.round((Date.parse(second.minute) - Date.parse(first.minute)) / 60_000));
}

function Response({ stats: { response } }: { stats: StatsResponse }): JSX.Element {
  const series: Series[] = [
    { name: "p50", colour: 0, values: response.perMinute.map(({ p50 }) => p50) },
    { name: "p99", colour: 1, values: response.perMinute.map(({ p99 }) => p99) },
  ];
  const text = (ms: number | null) => (ms === null ? "–" : duration(ms));
  return (
    <Panel title="Response time of the app">
      <Lines
        label={`Response time: p50 ${text(response.p50)}, p99 ${text(response.p99)}, ${response.count} responses`}
        minutes={response.perMinute.map(({ minute }) => minute)}
        series={series}
        format={(value) => (value === 0 ? "0" : duration(value))}
      />
      <Legend
        series={[
          { name: "p50", colour: 0, note: text(response.p50) },
          { name: "p99", colour: 1, note: text(response.p99) },
        ]}
      />
    </Panel>
  );
}

/** The result of a call whose push does not state it. */
const NOT_STATED = "unknown";

/** `12`; `<1` for a small share. */
function percent(share: number): string {
  return share > 0 && share < 0.01 ? "<1" : String(Math.round(100 * share));
}

function Shares({ counts, empty }: { counts: Record<string, number>; empty: string }): JSX.Element {
  const entries = Object.entries(counts).sort(
    ([a, m], [b, n]) => Number(a === NOT_STATED) - Number(b === NOT_STATED) || n - m,
  );
  const total = entries.reduce((sum, [, number]) => sum + number, 0);
  if (total === 0) return <p class="muted">{empty}</p>;
  return (
    <ul class="shares">
      {entries.map(([name, number]) => (
        <li key={name}>
          <span class="name">
            <bdi>{name === NOT_STATED ? "not stated in the push" : visibleText(name)}</bdi>
          </span>
          <Share number={number} total={total} />
        </li>
      ))}
    </ul>
  );
}

function Share({ number, total }: { number: number; total: number }): JSX.Element {
  const share = total === 0 ? 0 : number / total;
  return (
    <>
      <span class="track" aria-hidden="true">
        <span class="bar back0" style={{ width: `${Math.max(1, 100 * share)}%` }} />
      </span>
      <span class="number">
        {count(number)} <span class="muted">{percent(share)} %</span>
      </span>
    </>
  );
}

function States(props: {
  name: string;
  now: string;
  history: StateChange<string>[];
  minutes: number;
  note: string | undefined;
}): JSX.Element {
  const end = Date.now();
  const start = end - props.minutes * 60_000;
  const share = (at: number) => (Math.max(start, Math.min(end, at)) - start) / (end - start);
  const parts = props.history.map(({ at, state }, index) => {
    const from = share(Date.parse(at));
    const to = share(Date.parse(props.history[index + 1]?.at ?? new Date(end).toISOString()));
    return { at, state, from, to };
  });
  const changes = props.history.slice(-5).map(({ at, state }) => `${state} since ${shortTime(at)}`);
  return (
    <div class="states">
      <div>
        <strong>{props.name}</strong> <span class={`state-word ${stateTone(props.now)}`}>{props.now}</span>{" "}
        {props.note !== undefined && <span class="muted mono">{visibleText(props.note)}</span>}
      </div>
      <svg
        class="strip"
        viewBox="0 0 1000 14"
        preserveAspectRatio="none"
        role="img"
        aria-label={`${props.name}: ${changes.join(", ") || props.now}`}
      >
        {parts.map(({ at, state, from, to }) =>
          to <= from ? null : (
            <rect
              key={at}
              class={`state-${stateTone(state)}`}
              x={1000 * from}
              width={1000 * (to - from)}
              y="0"
              height="14"
            >
              <title>
                {state} since {fullTime(at)}
              </title>
            </rect>
          ),
        )}
      </svg>
    </div>
  );
}

/** How the state of the tunnel or the app is coloured. */
export function stateTone(state: string): "ok" | "bad" | "warn" | "none" {
  if (state === "up") return "ok";
  if (state === "down") return "bad";
  return state === "off" ? "none" : "warn";
}
