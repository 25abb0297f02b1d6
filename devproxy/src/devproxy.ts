import { randomUUID } from "node:crypto";
import { type Damage, describeDamage } from "airudder-webhooks/journal";
import { type ApiServer, serveApi } from "./api/index.js";
import { removeAddress, writeAddress } from "./client/index.js";
import { type Config, type FolderIdentity, identityOf, packageVersion, readOrCreateConfig } from "./config/index.js";
import { Deliverer, Forwarder } from "./delivery/index.js";
import type { Listener, StoppedEvent } from "./events.js";
import {
  ActiveResponses,
  createIngress,
  listen,
  passThroughTo,
  portOf,
  rejectMalformed,
  Traffic,
} from "./ingress/index.js";
import { FolderWatch, isFromInbox, RetentionTask, Store, statusOf } from "./journal/index.js";
import { type DevproxyOptions, type DevproxySettings, settingsOf, type TestHooks } from "./options.js";
import { Redactor } from "./privacy/index.js";
import { LiveDelivery } from "./queue/index.js";
import { type ReplayEvent, type ReplayRequest, type ReplaySummary, replay } from "./replay/index.js";
import { PidFile, pushPath, type TunnelState, TunnelSupervisor, tunnelEvent, tunnelNote } from "./tunnel/index.js";

/** A running dev proxy. */
export interface Devproxy {
  /** URL that receives pushes on this machine. */
  readonly localUrl: string;
  /** URL to give to Airudder; `null` while no tunnel is up. */
  readonly publicUrl: string | null;
  /** URL of the inspector, with its token; `null` if `inspect` is `false`. Only for the user of this machine. */
  readonly inspectorUrl: string | null;
  /** Whether the app accepts connections. */
  readonly appIsUp: boolean;
  /** Number of pushes that wait for the app. */
  readonly waitingCount: number;
  /** `off`: there is no tunnel. */
  readonly tunnelState: TunnelState;
  /** Resolves with the public URL when the tunnel is up; with `null` if there is none, if it fails, or if it is not up after 8.5 s. */
  tunnelReady(): Promise<string | null>;
  /** The journal and its index. */
  readonly store: Store;
  /**
   * Sends recorded pushes again, in the same way as live ones.
   * @param signal stops the replay; its summary is still reported
   */
  replay(request: ReplayRequest, onEvent?: (event: ReplayEvent) => void, signal?: AbortSignal): Promise<ReplaySummary>;
  /** What the dev proxy did since its start. */
  summary(): StoppedEvent;
  /** Stops receiving pushes, waits about a second for running deliveries, and releases the journal. */
  close(): Promise<void>;
}

/**
 * Starts the dev proxy. The local URL works when this resolves. The tunnel opens in the background and reports its state to `onEvent`.
 * @throws DevproxyError, TunnelError `tunnel_option`, and JournalError, for example `journal_locked`
 * @example
 * const proxy = await startDevproxy({ target: "http://localhost:3000/webhooks/airudder", tunnel: "none" });
 * console.log(proxy.localUrl);
 * await proxy.close();
 */
export async function startDevproxy(options: DevproxyOptions & TestHooks = {}): Promise<Devproxy> {
  const settings = settingsOf(options);
  const report: Listener = options.onEvent ?? (() => undefined);
  let api: ApiServer | undefined;
  const listener: Listener = (event) => {
    report(event);
    api?.onEvent(event);
  };
  const onApi = (started: ApiServer) => {
    api = started;
  };
  const damage: Damage[] = [];
  const store = await Store.open(settings.dir, {
    ...(options.segmentBytes === undefined ? {} : { segmentBytes: options.segmentBytes }),
    onDamage: (found) => damage.push(found),
  });
  for (const message of describeDamage(damage)) listener({ event: "note", code: "journal_damaged", message });
  const cleanups: (() => unknown)[] = [];
  try {
    const config = await readOrCreateConfig(settings.dir, () => reportNewUrl(store, listener));
    return await startParts({ options, settings, store, config, damage, listener, onApi, cleanups });
  } catch (error) {
    for (const cleanUp of cleanups.reverse()) await cleanUp();
    await store.close();
    throw error;
  }
}

/** Reports that the public URL has changed, if the journal already has pushes that `listen` recorded. */
function reportNewUrl({ dir, index }: Store, listener: Listener): void {
  // A journal with pushes that `listen` recorded had a config. Its secret was part of the previous URL.
  if (!index.rows.some((row) => !isFromInbox(row))) return;
  const message = `The journal ${dir} had no config.json, so the public URL has changed. Give the new URL to Airudder.`;
  listener({ event: "note", code: "url_changed", message });
}

/** What is needed to create the parts of the dev proxy. */
interface Setup {
  options: DevproxyOptions & TestHooks;
  settings: DevproxySettings;
  store: Store;
  config: Config;
  damage: Damage[];
  listener: Listener;
  /** Called with the server of the API, which then receives the events too. */
  onApi(api: ApiServer): void;
  /** Each started part adds a function that stops it. They are called if a later part cannot start. */
  cleanups: (() => unknown)[];
}

async function startParts(setup: Setup): Promise<Devproxy> {
  const { options, settings, store, config, listener, onApi, cleanups } = setup;
  const { target, dir, keep, inspect } = settings;
  const forwarder = new Forwarder(options.token);
  cleanups.push(() => forwarder.close());
  const redactor = await Redactor.of(store.dir, options.reveal ?? false);
  const deliverer = new Deliverer(store, forwarder, listener, redactor);
  const live = createLiveDelivery(setup, deliverer);
  live.resume();
  const traffic = new Traffic();
  const lastSeq = store.index.rows.at(-1)?.push.seq ?? 0;
  const ingress = await startIngress(setup, live, traffic);
  const localUrl = `http://127.0.0.1:${ingress.port}${pushPath(config.secret)}`;
  const supervisor = await createSupervisor(setup, ingress.port);
  const publicUrl = () => (supervisor.status.state === "up" ? supervisor.status.url : null);
  const stopping = new AbortController();
  const runReplay = (request: ReplayRequest, onEvent: (event: ReplayEvent) => void, signal = stopping.signal) =>
    replay(request, { store, deliverer, queue: live, target, onEvent, signal });

  const stopsWith = (signal?: AbortSignal) =>
    signal === undefined ? stopping.signal : AbortSignal.any([signal, stopping.signal]);
  const instance = randomUUID();
  const folder = (await identityOf(dir)) as FolderIdentity;
  const watch = new FolderWatch(store, folder, config, listener);
  cleanups.push(() => watch.close());
  const currentState = () => ({
    appUp: live.appIsUp,
    waiting: live.waitingCount,
    pushes: store.index.rows.length,
    tunnel: { state: supervisor.status.state, url: publicUrl() },
  });
  const api = await serveApi({
    inspect,
    token: config.token,
    store,
    local: localUrl,
    target,
    key: options.key,
    appToken: options.token,
    version: packageVersion(),
    currentState,
    state: async () => ({
      // First, because it takes time: the other members must be current.
      journal: await watch.check().then(() => ({ gone: watch.isGone, problem: watch.problem })),
      instance,
      public: publicUrl(),
      appUp: live.appIsUp,
      queue: { waiting: live.waitingCount },
      tunnel: tunnelState(settings, supervisor),
    }),
    damage: () => keptDamage(setup),
    replay: (request, onEvent, signal) => runReplay(request, onEvent, stopsWith(signal)),
  });
  cleanups.push(() => api.close());
  onApi(api);
  await writeAddress(dir, { pid: process.pid, port: api.port, token: config.token, instance, folder });
  const retention = keep && new RetentionTask(store, keep, listener);
  await retention?.run();
  await live.start();
  supervisor.start();
  api.recordState();

  const close = async () => {
    stopping.abort();
    await supervisor.close();
    await ingress.close();
    api.close();
    await deliverer.flush();
    await retention?.close();
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
    inspectorUrl: inspect === false ? null : `http://127.0.0.1:${api.port}/#token=${config.token}`,
    get appIsUp() {
      return live.appIsUp;
    },
    get waitingCount() {
      return live.waitingCount;
    },
    get tunnelState() {
      return supervisor.status.state;
    },
    tunnelReady: () => supervisor.ready(),
    store,
    replay: (request, onEvent = () => undefined, signal) => runReplay(request, onEvent, stopsWith(signal)),
    summary: () => summaryOf(store, traffic, lastSeq),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function createLiveDelivery({ options, settings, store, listener, cleanups }: Setup, deliverer: Deliverer) {
  const { target, whenDown } = settings;
  const { timeouts, healthCheckIntervals } = options;
  const live = new LiveDelivery({ store, deliverer, target, whenDown, listener, timeouts, healthCheckIntervals });
  cleanups.push(() => live.close());
  return live;
}

/** Starts the server that receives pushes. */
async function startIngress(
  { options, settings, store, config, listener, cleanups }: Setup,
  live: LiveDelivery,
  traffic: Traffic,
): Promise<{ port: number; close(): Promise<void> }> {
  const active = new ActiveResponses();
  const ingress = createIngress(
    {
      secret: config.secret,
      controlToken: config.token,
      key: options.key,
      store,
      live,
      listener,
      traffic,
      bodyMs: options.timeouts?.bodyMs,
      passThrough: settings.passThrough ? passThroughTo(settings.target) : undefined,
    },
    active,
  );
  const server = await listen(ingress, settings.port);
  const close = () => active.closeServer(server, () => live.close());
  cleanups.push(close);
  rejectMalformed(server, listener);
  return { port: portOf(server), close };
}

/** Kills a tunnel program that an earlier run left running, then creates the supervisor of the tunnel. */
async function createSupervisor(
  { options, settings, config, listener }: Setup,
  port: number,
): Promise<TunnelSupervisor> {
  const pidFile = new PidFile(settings.dir);
  const orphan = await pidFile.killOrphan();
  if (orphan !== undefined) {
    const message = `Killed the tunnel program that an earlier run left running (process ${orphan}).`;
    listener({ event: "note", code: "tunnel_orphan_ended", message });
  }
  return new TunnelSupervisor({
    provider: settings.provider,
    pidFile,
    port,
    secret: config.secret,
    subdomain: options.subdomain ?? config.subdomain,
    onState: (status) => {
      const event = tunnelEvent(status);
      if (event !== undefined) listener(event);
      const message = tunnelNote(status);
      if (message !== undefined) listener({ event: "note", code: "tunnel_name_back", message });
    },
  });
}

/** Results of a push that count as a failure. */
const FAILURES: ReadonlySet<string> = new Set(["failed", "dead"]);

/** @param lastSeq `seq` of the last push that was recorded before the start; 0 if there is none */
function summaryOf({ dir, index }: Store, { seen, recorded, addedMs }: Traffic, lastSeq: number): StoppedEvent {
  const statuses = index.between(lastSeq + 1, Number.MAX_SAFE_INTEGER - 1).map(statusOf);
  const undelivered = statuses.filter((status) => status === "undelivered").length;
  const failed = statuses.filter((status) => FAILURES.has(status)).length;
  const quarantined = statuses.filter((status) => status === "quarantined").length;
  const delivered = statuses.length - failed - quarantined - undelivered;
  const removed = recorded - statuses.length;
  return {
    event: "stopped",
    seen,
    recorded,
    delivered,
    failed,
    quarantined,
    undelivered,
    ...(removed > 0 ? { removed } : {}),
    addedMs,
    journal: dir,
    total: index.rows.length,
  };
}

/** The state of the tunnel for the API. */
function tunnelState({ provider: { server } }: DevproxySettings, { status, pingMs }: TunnelSupervisor) {
  const { state, url, error } = status;
  return {
    state,
    url: state === "up" ? url : null,
    ...(server === undefined ? {} : { server }),
    ...(error === undefined ? {} : { error: error.message }),
    ...(pingMs === undefined ? {} : { pingMs }),
  };
}

/** Lines about the damaged segments that are still in the journal. */
function keptDamage({ store, damage }: Setup): string[] {
  return describeDamage(damage.filter(({ segment }) => store.segments().some((kept) => kept.segment === segment)));
}
