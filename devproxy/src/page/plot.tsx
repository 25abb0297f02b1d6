import type { JSX } from "preact";
import { count } from "./format.js";
import { useWidth } from "./use-width.js";

const HEIGHT = 150;
const LEFT = 44;
const BOTTOM = 20;
const TOP = 8;

/** A series of a plot: its name and the number of its colour. */
export interface Series {
  name: string;
  colour: number;
  values: (number | null)[];
}

/** A rounded maximum for an axis: 1, 2 or 5 times a power of 10. */
function axisMax(max: number): number {
  if (max <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(max));
  return ([1, 2, 5, 10].find((factor) => factor * power >= max) ?? 10) * power;
}

interface PlotProps {
  label: string;
  /** Start of each minute, ISO 8601. */
  minutes: string[];
  series: Series[];
  /** Formats a value of the axis. */
  format?(value: number): string;
}

function frame(width: number, max: number, minutes: string[], format: (value: number) => string): JSX.Element {
  const ticks = [0, max / 2, max];
  const every = Math.max(1, Math.ceil((minutes.length * 70) / Math.max(1, width - LEFT)));
  const step = (width - LEFT) / minutes.length;
  return (
    <>
      {ticks.map((tick) => (
        <g key={tick}>
          <line class="rule" x1={LEFT} x2={width} y1={yOf(tick, max)} y2={yOf(tick, max)} />
          <text x={LEFT - 6} y={yOf(tick, max) + 4} text-anchor="end">
            {format(tick)}
          </text>
        </g>
      ))}
      {minutes.map((minute, index) =>
        index % every === 0 && index * step < width - LEFT - 36 ? (
          <text key={minute} x={LEFT + index * step} y={HEIGHT - 4}>
            {clock(minute)}
          </text>
        ) : null,
      )}
    </>
  );
}

function yOf(value: number, max: number): number {
  return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / max);
}

function clock(minute: string): string {
  const date = new Date(minute);
  return `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`;
}

/** Stacked bars, one for each minute. */
export function Bars({ label, minutes, series, format = (value) => count(Math.round(value)) }: PlotProps): JSX.Element {
  const totals = minutes.map((_, index) => series.reduce((sum, { values }) => sum + (values[index] ?? 0), 0));
  const max = Math.max(2, axisMax(Math.max(0, ...totals)));
  const [measured, ref] = useWidth<SVGSVGElement>();
  const width = Math.max(LEFT + 60, measured);
  const step = (width - LEFT) / minutes.length;
  return (
    <svg ref={ref} class="plot" height={HEIGHT} role="img" aria-label={label}>
      {frame(width, max, minutes, format)}
      {minutes.map((minute, index) => {
        let sum = 0;
        return (
          <g key={minute}>
            <title>
              {clock(minute)}: {count(totals[index] ?? 0)}
            </title>
            {series.map(({ name, colour, values }) => {
              const value = values[index] ?? 0;
              if (value === 0) return null;
              const top = yOf(sum + value, max);
              const height = yOf(sum, max) - top;
              sum += value;
              return (
                <rect
                  key={name}
                  class={`fill${colour}`}
                  x={LEFT + index * step + step * 0.1}
                  width={step * 0.8}
                  y={top}
                  height={height}
                />
              );
            })}
          </g>
        );
      })}
    </svg>
  );
}

/** Lines with a point for each minute that has a value. */
export function Lines({ label, minutes, series, format = String }: PlotProps): JSX.Element {
  const all = series.flatMap(({ values }) => values.filter((value) => value !== null));
  const max = axisMax(Math.max(0, ...all));
  const [measured, ref] = useWidth<SVGSVGElement>();
  const width = Math.max(LEFT + 60, measured);
  const step = (width - LEFT) / minutes.length;
  const xOf = (index: number) => LEFT + (index + 0.5) * step;
  return (
    <svg ref={ref} class="plot" height={HEIGHT} role="img" aria-label={label}>
      {frame(width, max, minutes, format)}
      {series.map(({ name, colour, values }) => (
        <g key={name} class={`line${colour}`}>
          {segments(values).map((segment) => (
            <polyline
              key={segment[0]}
              points={segment.map((index) => `${xOf(index)},${yOf(values[index] ?? 0, max)}`).join(" ")}
            />
          ))}
          {values.map((value, index) =>
            value === null ? null : <circle key={minutes[index]} cx={xOf(index)} cy={yOf(value, max)} r="2.5" />,
          )}
        </g>
      ))}
    </svg>
  );
}

/** Runs of indexes whose values are not null. */
function segments(values: (number | null)[]): number[][] {
  const runs: number[][] = [];
  values.forEach((value, index) => {
    if (value === null) return;
    const last = runs.at(-1);
    if (last !== undefined && last.at(-1) === index - 1) last.push(index);
    else runs.push([index]);
  });
  return runs;
}

/** The names and colours of series. */
export function Legend({ series }: { series: { name: string; colour: number; note?: string }[] }): JSX.Element {
  return (
    <ul class="legend">
      {series.map(({ name, colour, note }) => (
        <li key={name}>
          <span class={`swatch back${colour}`} aria-hidden="true" /> {name}
          {note !== undefined && <span class="muted"> {note}</span>}
        </li>
      ))}
    </ul>
  );
}
