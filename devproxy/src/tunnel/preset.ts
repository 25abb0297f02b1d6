import type { TunnelKind } from "../config/index.js";
import { TunnelError } from "./errors.js";
import { findProgram } from "./find-program.js";
import { openProgram } from "./program.js";
import { publicOrigins } from "./program-output.js";
import type { TunnelProvider } from "./tunnel.js";

/** How to run a known tunnel program, and how to read its output. */
export interface Preset {
  /** Name of the program on the PATH. */
  program: string;
  /** How to install it on macOS, Linux and Windows. */
  install: string;
  /** Its arguments, which are passed without a shell. */
  args(port: number): string[];
  env?: Record<string, string>;
  /** Matches the output. Its first group is the public URL. Default: every URL in the output is a candidate. */
  urlPattern?: RegExp;
  /** The public URL, if it does not depend on the output. */
  fixedUrl?: string;
  /** Advice for the user. The first entry whose pattern matches the output applies. */
  advice: [pattern: RegExp, advice: string][];
}

/** A tunnel that the program of a preset opens. */
export function presetTunnel(kind: TunnelKind, preset: Preset): TunnelProvider {
  const { program, install } = preset;
  return {
    kind,
    openTimeoutMs: 30_000,
    firstPingTimeoutMs: 45_000,
    pendingMessage: `${program} has printed no public URL yet`,
    program: { name: program, install, find: () => findProgram(program) },
    open: async (options) => {
      const run = {
        label: program,
        launch: (port: number) => ({ file: installed(preset), args: preset.args(port), env: preset.env ?? {} }),
        urlsIn: (output: string) => urlsIn(preset, output),
        advice: (output: string) => adviceFor(preset, output, options.port),
      };
      return openProgram(run, options);
    },
  };
}

function installed({ program, install }: Preset): string {
  const path = findProgram(program);
  if (path !== undefined) return path;
  throw new TunnelError("tunnel_program_missing", `${program} is not installed: it is not on the PATH. ${install}`);
}

function urlsIn({ urlPattern, fixedUrl }: Preset, output: string): string[] {
  const fixed = fixedUrl === undefined ? [] : [fixedUrl];
  if (urlPattern === undefined) return [...fixed, ...publicOrigins(output)];
  const found = [...output.matchAll(new RegExp(urlPattern, "g"))].map(([, url]) => url ?? "");
  return [...fixed, ...found.flatMap(publicOrigins)];
}

function adviceFor({ program, args, advice }: Preset, output: string, port: number): string {
  const found = advice.find(([pattern]) => pattern.test(output));
  return found?.[1] ?? `to see more, run it by hand: ${[program, ...args(port)].join(" ")}`;
}
