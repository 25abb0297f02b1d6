interface TunnelKindInfo {
  /** The value of `--tunnel`, as `--help` and errors print it. The user replaces what follows the colon. */
  value: string;
  /** A complete value, if `value` is only a pattern. */
  example?: string;
  /** Whether it runs a program. The project's config file does not allow such a tunnel. */
  runsProgram: boolean;
}

/** The kinds of tunnels. The kind is the value of `--tunnel` up to its colon. */
export const TUNNEL_KINDS = {
  localtunnel: { value: "localtunnel", runsProgram: false },
  cloudflared: { value: "cloudflared", runsProgram: true },
  ngrok: { value: "ngrok", runsProgram: true },
  ssh: { value: "ssh:HOST", example: "ssh:localhost.run", runsProgram: true },
  none: { value: "none", runsProgram: false },
  url: { value: "url:https://...", example: "url:https://demo.example.com", runsProgram: false },
  command: { value: 'command:"PROGRAM {local}"', runsProgram: true },
} satisfies Record<string, TunnelKindInfo>;

export type TunnelKind = keyof typeof TUNNEL_KINDS;

/** The values of `--tunnel` in one line. */
export const TUNNEL_VALUES = listOf(Object.values(TUNNEL_KINDS).map(({ value }) => value));

/** Splits a value of `--tunnel`; `kind` is `undefined` if the kind is unknown, lacks its argument, or has one that it does not take. */
export function splitTunnel(text: string): { kind: TunnelKind | undefined; argument: string } {
  const [name = ""] = text.split(":", 1);
  const kind = Object.hasOwn(TUNNEL_KINDS, name) ? (name as TunnelKind) : undefined;
  const isComplete = kind !== undefined && TUNNEL_KINDS[kind].value.includes(":") === text.includes(":");
  return { kind: isComplete ? kind : undefined, argument: text.slice(name.length + 1) };
}

function listOf(values: readonly string[]): string {
  return `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
}
