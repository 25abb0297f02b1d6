import { randomUUID } from "node:crypto";
import { type Damage, describeDamage } from "airudder-webhooks/journal";
import { type Config, type FolderIdentity, identityOf, loadConfig } from "./config/index.js";
import { MAX_LISTED, removeAddress, serveControl, writeAddress } from "./control/index.js";
import { Deliverer, Forwarder } from "./delivery/index.js";
import type { Listener } from "./events.js";
import { ActiveResponses, createIngress, listen, passThroughTo, portOf, reportMalformed } from "./ingress/index.js";
import { FolderWatch, filterRows, isFromInbox, RetentionTask, type Row, Store } from "./journal/index.js";
import { type DevproxyOptions, type DevproxySettings, settingsOf } from "./options.js";
import { Redactor } from "./privacy/index.js";
import { LiveDelivery } from "./queue/index.js";
import { type ReplayEvent, type ReplayRequest, type ReplaySummary, replay } from "./replay/index.js";
import { ProgramRecord, pushPath, TunnelSupervisor, tunnelEvent, tunnelNote } from "./tunnel/index.js";

/** A dev proxy that runs. */
export interface Devproxy {
  /** Where pushes are taken on this machine. */
  readonly localUrl: string;
  /** What to give to Airudder; `null` while no tunnel is up. */
  readonly publicUrl: string | null;
  /** Whether the app accepts connections. */
  readonly appIsUp: boolean;
  /** Resolves with the public URL when the tunnel is up, or with `null` when it failed or took longer than 10 s. */
  tunnelReady(): Promise<string | null>;
  /** The journal and its index. */
  readonly store: Store;
  /** Plays recorded pushes again through the forwarder that live ones take. */
  replay(request: ReplayRequest, onEvent?: (event: ReplayEvent) => void): Promise<ReplaySummary>;
  /** Stops taking pushes, finishes what can be finished at once, and releases the journal. */
  close(): Promise<void>;
}

/**
 * Starts the dev proxy: journal, ingress, forwarder, tunnel, control channel. The local URL works when this resolves; the tunnel
 * comes up, or fails, in its own time and is reported to `onEvent`.
 * @throws DevproxyError, TunnelError `tunnel_option`, JournalError `journal_locked` …
 * @example
 * const proxy = await startDevproxy({ target: "http://localhost:3000/webhooks/airudder", tunnel: "none" });
 * console.log(proxy.localUrl);
 * await proxy.close();
 */
export async function startDevproxy(options: DevproxyOptions = {}): Promise<Devproxy> {
  const settings = settingsOf(options);
  const listener: Listener = options.onEvent ?? (() => undefined);
  const damage: Damage[] = [];
  const store = await Store.open(settings.dir, {
    ...(options.segmentBytes === undefined ? {} : { segmentBytes: options.segmentBytes }),
    onDamage: (one) => damage.push(one),
  });
  for (const message of describeDamage(damage)) listener({ event: "note", code: "journal_damaged", message });
  const started: (() => unknown)[] = [];
  try {
    const config = await loadConfig(settings.dir, () => noteNewUrl(store, listener));
    return await run(options, settings, store, config, damage, listener, started);
  } catch (error) {
    for (const end of started.reverse()) await end();
    await store.close();
    throw error;
  }
}

/** Reports that the public URL has changed: a journal with pushes of `listen` had a config, whose secret was part of the URL. */
function noteNewUrl({ dir, index }: Store, listener: Listener): void {
  if (!index.rows.some((row) => !isFromInbox(row))) return;
  const message = `The journal ${dir} had no config.json, so the public URL has changed. Give the new URL to Airudder.`;
  listener({ event: "note", code: "url_changed", message });
}

/** A row as a plain object for JSON. The rows of the index have getters, which JSON leaves out. */
function plainRow({ push, location, deliveries, mark }: Row): Row {
  return { push, location, deliveries, ...(mark === undefined ? {} : { mark }) };
}

async function run(
  options: DevproxyOptions,
  { target, port, dir, provider, whenDown, passThrough, keep }: DevproxySettings,
  store: Store,
  config: Config,
  damage: Damage[],
  listener: Listener,
  /** Receives what ends each part that runs, in case a later one cannot start. */
  started: (() => unknown)[],
): Promise<Devproxy> {
  const { key, limits, healthIntervals } = options;
  const forwarder = new Forwarder(options.token);
  const redactor = await Redactor.of(store.dir, options.reveal ?? false);
  const deliverer = new Deliverer(store, forwarder, listener, redactor);
  const live = new LiveDelivery({ store, deliverer, target, whenDown, listener, limits, healthIntervals });
  started.push(
    () => forwarder.close(),
    () => live.close(),
  );
  live.resume();
  const { secret } = config;
  const active = new ActiveResponses();
  const elsewhere = passThrough ? passThroughTo(target) : undefined;
  const { bodyMs } = limits ?? {};
  const ingress = createIngress({ secret, key, store, live, listener, bodyMs, passThrough: elsewhere }, active);
  const server = await listen(ingress, port);
  started.push(() => active.closeServer(server, () => live.close()));
  reportMalformed(server, listener);
  const localUrl = `http://127.0.0.1:${portOf(server)}${pushPath(secret)}`;
  const record = new ProgramRecord(dir);
  const orphan = await record.endOrphan();
  if (orphan !== undefined) {
    const message = `Ended the tunnel program that an earlier run left behind (process ${orphan}).`;
    listener({ event: "note", code: "tunnel_orphan_ended", message });
  }
  const supervisor = new TunnelSupervisor({
    provider,
    record,
    port: portOf(server),
    secret,
    subdomain: options.subdomain ?? config.subdomain,
    onState: (status) => {
      const event = tunnelEvent(status);
      if (event !== undefined) listener(event);
      const message = tunnelNote(status);
      if (message !== undefined) listener({ event: "note", code: "tunnel_name_back", message });
    },
  });
  const publicUrl = () => (supervisor.status.state === "up" ? supervisor.status.url : null);

  const stopping = new AbortController();
  const runReplay = (request: ReplayRequest, onEvent: (event: ReplayEvent) => void, signal = stopping.signal) =>
    replay(request, { store, deliverer, live, target, onEvent, signal });
  const instance = randomUUID();
  const folder = (await identityOf(dir)) as FolderIdentity;
  const watch = new FolderWatch(store, folder, config, listener);
  started.push(() => watch.close());
  const state = async () => ({
    instance,
    journal: await watch.check().then(() => ({ gone: watch.isGone, problem: watch.problem })),
    pid: process.pid,
    local: localUrl,
    public: publicUrl(),
    target: target.href,
    key,
    token: options.token,
    appIsUp: live.appIsUp,
    waiting: live.waitingCount,
    tunnel: {
      server: provider.server,
      state: supervisor.status.state,
      error: supervisor.status.error?.message,
      pingMs: supervisor.pingMs,
    },
  });
  const control = await serveControl(config.token, {
    state,
    list: async ({ filters, last }) => {
      const matching = await filterRows(store, store.index.rows, filters);
      return {
        rows: matching.slice(-Math.min(last, MAX_LISTED)).map(plainRow),
        matching: matching.length,
        total: store.index.rows.length,
        damage: describeDamage(damage.filter(({ segment }) => store.segments().some((one) => one.segment === segment))),
      };
    },
    replay: (request, onEvent, signal) => runReplay(request, onEvent, AbortSignal.any([signal, stopping.signal])),
  });
  started.push(() => control.close());
  await writeAddress(dir, { pid: process.pid, port: control.port, token: config.token, instance, folder });
  const janitor = keep && new RetentionTask(store, keep, listener);
  await janitor?.run();
  await live.start();
  supervisor.start();

  const close = async () => {
    stopping.abort();
    await supervisor.close();
    await active.closeServer(server, () => live.close());
    control.close();
    await deliverer.flush();
    await janitor?.close();
    forwarder.close();
    watch.close();
    await removeAddress(dir, instance);
    await store.close();
  };
  let closing: Promise<void> | undefined;
  return {
    localUrl,
    get publicUrl() {
      return publicUrl();
    },
    get appIsUp() {
      return live.appIsUp;
    },
    tunnelReady: () => supervisor.ready(),
    store,
    replay: (request, onEvent = () => undefined) => runReplay(request, onEvent),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
