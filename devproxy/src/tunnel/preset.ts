import type { TunnelKind } from "../config/index.js";
import { publicOrigins } from "./command-output.js";
import { TunnelError } from "./errors.js";
import { findProgram } from "./find-program.js";
import { openProgram } from "./program.js";
import type { TunnelProvider } from "./tunnel.js";

/** How to run a certain tunnel program, and how to read its output. */
export interface Preset {
  /** Its name on the PATH. */
  program: string;
  /** How to install it on macOS, Linux and Windows. */
  install: string;
  /** Its arguments, which are passed without a shell. */
  args(port: number): string[];
  env?: Record<string, string>;
  /** Finds its public address, in the first group. Default: every address in its output is a candidate. */
  address?: RegExp;
  /** An address that does not depend on its output. */
  knownAddress?: string;
  /** Advice for messages of the program: the first pattern that matches its output applies. */
  advice: [pattern: RegExp, advice: string][];
}

/** A tunnel that the program of a preset opens. */
export function presetTunnel(kind: TunnelKind, preset: Preset): TunnelProvider {
  const { program, install } = preset;
  return {
    kind,
    openLimitMs: 30_000,
    settleLimitMs: 45_000,
    notOpenYet: `${program} has printed no public address yet`,
    program: { name: program, install, find: () => findProgram(program) },
    open: async (options) => {
      const run = {
        label: program,
        launch: (port: number) => ({ file: installed(preset), args: preset.args(port), env: preset.env ?? {} }),
        addresses: (output: string) => addressesOf(preset, output),
        advice: (output: string) => adviceOn(preset, output, options.port),
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

function addressesOf({ address, knownAddress }: Preset, output: string): string[] {
  const known = knownAddress === undefined ? [] : [knownAddress];
  if (address === undefined) return [...known, ...publicOrigins(output)];
  const found = [...output.matchAll(new RegExp(address, "g"))].map(([, url]) => url ?? "");
  return [...known, ...found.flatMap(publicOrigins)];
}

function adviceOn({ program, args, advice }: Preset, output: string, port: number): string {
  const found = advice.find(([pattern]) => pattern.test(output));
  return found?.[1] ?? `to see more, run it by hand: ${[program, ...args(port)].join(" ")}`;
}
