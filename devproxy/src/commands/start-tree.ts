import { relative } from "node:path";
import type { Devproxy } from "../devproxy.js";
import type { Redactor } from "../privacy/index.js";
import { pushCount, type Screen, safeLine } from "../report/index.js";

/** What is shown at the start. */
export interface TreeFacts {
  proxy: Devproxy;
  target: string;
  journal: string;
  tunnel: string;
  redactor: Redactor;
}

/** Prints where pushes come in, where they go, and where they are kept. */
export function startTree(out: Screen, { proxy, target, journal, tunnel, redactor }: TreeFacts): void {
  const { rows } = proxy.store.index;
  const publicUrl =
    proxy.publicUrl ?? (tunnel === "none" ? "no tunnel" : `opening ${safeLine(tunnel.split(":")[0] ?? "")}...`);
  const app = proxy.appIsUp ? "" : out.style("yellow", "  is not up yet");
  const folder = relative(process.cwd(), proxy.store.dir) || journal;
  const branches: [string, string][] = [
    ["public", publicUrl],
    ["local", proxy.localUrl],
    ["app", `${safeLine(redactor.url(target))}${app}`],
    ["journal", `${folder}  ${out.style("dim", pushCount(rows.length))}`],
  ];
  out.line(out.style("bold", "airudder-devproxy"));
  branches.forEach(([name, value], place) => {
    out.line(`${place === branches.length - 1 ? "└─" : "├─"} ${out.style("dim", name.padEnd(8))} ${value}`);
  });
  out.line();
}
