import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { FilterQuery, ReplayBody, StateResponse } from "../api/index.js";
import { Announcer } from "./announcer.js";
import { ApiClient } from "./client.js";
import { type ListCommands, Page, type PageContext } from "./context.js";
import { Detail } from "./detail.js";
import { Diff } from "./diff.js";
import { download } from "./download.js";
import { Editor } from "./editor.js";
import { Filters, filterText } from "./filters.js";
import { count, counted } from "./format.js";
import { Help } from "./help.js";
import { readSingleKeys, storeSingleKeys, useKeys } from "./keys.js";
import { type Connection, LiveEvents } from "./live-events.js";
import { Menu } from "./menu.js";
import { Overview } from "./overview.js";
import { hasFilters } from "./paged-pushes.js";
import { PinDialog } from "./pin-dialog.js";
import { type ListProps, PushList } from "./push-list.js";
import { ReplayPanel, type ReplayRun, startReplay } from "./replay-run.js";
import { diffUrl, isSameRoute, navigate, navigateNow, parseRoute, pushUrl, useRoute } from "./route.js";
import { StoryList } from "./story-list.js";
import { TopBar } from "./top-bar.js";

/** Maximum number of pushes that can be selected one by one. */
const MAX_SELECTED = 2_000;
const MESSAGE_MS = 6_000;

/**
 * The page. Without a token, it explains how to open the inspector.
 * @param notice a message to show first
 */
export function App({ token, notice }: { token: string | undefined; notice: string | undefined }): JSX.Element {
  return token === undefined ? <NoToken /> : <Inspector token={token} notice={notice} />;
}

function NoToken(): JSX.Element {
  return (
    <main class="no-token">
      <h1>Airudder inspector</h1>
      <p>
        This page needs the token of the running <code>airudder-devproxy listen</code>. Open the inspector URL that it
        prints, or press <kbd>o</kbd> in its terminal.
      </p>
    </main>
  );
}

function Inspector({ token, notice }: { token: string; notice: string | undefined }): JSX.Element {
  const client = useMemo(() => new ApiClient(token), [token]);
  const [connection, setConnection] = useState<Connection>("connecting");
  const live = useMemo(() => new LiveEvents(client, setConnection), [client]);
  const [state, setState] = useState<StateResponse>();
  const [reveal, setReveal] = useState(false);
  const [dialog, setDialog] = useState<{ name: "help" } | { name: "edit" | "pin"; seq: number }>();
  const [areKeysOn, setKeysOn] = useState(readSingleKeys);
  const [message, setMessage] = useState(notice === undefined ? undefined : { text: notice, isError: true });
  const [run, setRun] = useState<ReplayRun>();
  const [filters, setFilters] = useState<FilterQuery>({});
  const [selection, setSelection] = useState<ReadonlySet<number>>(new Set());
  const [mode, setMode] = useState<"stories" | "plain">("stories");
  const [counts, setCounts] = useState<{ matching: number | null; total: number }>();
  const [openSeq, setOpenSeq] = useState<number>();
  const [takesFocus, setTakesFocus] = useState(true);
  const commands = useRef<ListCommands>(null);
  const route = useRoute();

  useEffect(() => {
    void live.run();
    return () => live.close();
  }, [live]);
  useEffect(() => {
    const load = () =>
      void client
        .get<StateResponse>("/state")
        .then(setState)
        .catch(() => undefined);
    load();
    return live.listen(({ event }) => {
      if (event === "state" || event === "tunnel" || event === "reload") load();
    });
  }, [client, live]);
  useEffect(() => {
    if (route.view === "stories" || route.view === "plain") setMode(route.view);
    if (route.view !== "push") setOpenSeq(undefined);
  }, [route.view]);
  useEffect(() => {
    if (message === undefined) return;
    const timer = setTimeout(() => setMessage(undefined), MESSAGE_MS);
    return () => clearTimeout(timer);
  }, [message]);

  const isReplaying = run !== undefined && !run.isEnded;
  const replay = (body: ReplayBody, label: string) => {
    if (isReplaying) return notify("Another replay is running. Stop it first.", true);
    const started = startReplay(client, body, label, (changed) =>
      setRun((known) => (known?.id === changed.id ? changed : known)),
    );
    setRun(started);
  };
  const notify = (text: string, isError = false) => setMessage({ text, isError });
  const page: PageContext = {
    client,
    live,
    state,
    reveal,
    replay,
    isReplaying,
    filter: (more) => {
      setFilters({ ...filters, ...more });
      // On a narrow screen, the detail hides the list.
      if (isDetail && matchMedia("(max-width: 860px)").matches) navigate(listUrl);
    },
    edit: (seq) => setDialog({ name: "edit", seq }),
    pin: (seq) => setDialog({ name: "pin", seq }),
    notify,
  };

  const listUrl = mode === "plain" ? "#/plain" : "#/";
  const isDetail = route.view === "push" || route.view === "diff";
  const close = () => {
    navigate(listUrl);
    requestAnimationFrame(() => commands.current?.focus());
  };
  const open = (seq: number) => {
    setTakesFocus(true);
    navigate(pushUrl(seq));
  };
  const target = (): number | undefined => openSeq ?? commands.current?.active();
  const select = (seqs: number[], isSelected: boolean) => {
    const next = new Set(selection);
    for (const seq of seqs) {
      if (isSelected) next.add(seq);
      else next.delete(seq);
    }
    if (next.size > MAX_SELECTED)
      return notify(`At most ${count(MAX_SELECTED)} pushes can be selected. Use filters.`, true);
    setSelection(next);
  };
  useKeys(
    {
      move: (step) => {
        const seq = commands.current?.move(step);
        if (!isDetail) commands.current?.focus();
        if (seq === undefined || route.view !== "push") return;
        setTakesFocus(false);
        navigate(pushUrl(seq), true);
      },
      enter: () => commands.current?.enter(),
      replay: () => {
        const seq = target();
        if (selection.size > 0 && !isDetail) replaySelection();
        else if (seq !== undefined) replay({ ids: [String(seq)] }, `#${seq}`);
      },
      edit: () => {
        const seq = target();
        if (seq !== undefined) setDialog({ name: "edit", seq });
      },
      select: () => {
        const seq = commands.current?.active() ?? openSeq;
        if (seq !== undefined) select([seq], !selection.has(seq));
      },
      search: () => {
        // At once: the next keys are the text to search.
        if (document.getElementById("search") === null) navigateNow(listUrl);
        document.getElementById("search")?.focus();
      },
      help: () => setDialog({ name: "help" }),
      back: () => {
        const isInPanel = document.activeElement?.closest(".replay") != null;
        if (run?.isEnded && (isInPanel || !isDetail)) {
          setRun(undefined);
          if (isInPanel) commands.current?.focus();
        } else if (isDetail) close();
        else if (selection.size > 0) setSelection(new Set());
      },
      isReady: (needsDetail) =>
        isSameRoute(route, parseRoute(location.hash)) &&
        document.querySelector("#list[aria-busy=true]") === null &&
        !(needsDetail && document.querySelector(".detail[aria-busy=true]") !== null),
    },
    areKeysOn,
  );

  const selected = [...selection].sort((a, b) => a - b);
  const replaySelection = () => replay({ ids: selected.map(String) }, counted(selected.length, "push", "pushes"));
  const filterWords = filterText(filters);
  const listProps: ListProps = {
    filters,
    open: openSeq,
    selection,
    onSelect: select,
    onOpen: open,
    onCounts: (matching, total) => setCounts({ matching, total }),
    onFilter: (next) => {
      setFilters(next);
      navigate("#/plain");
    },
    commands,
  };
  return (
    <Page.Provider value={page}>
      <button type="button" class="skip" onClick={() => commands.current?.focus()}>
        Skip to the list
      </button>
      <TopBar
        view={isDetail ? mode : route.view}
        connection={connection}
        reveal={reveal}
        onReveal={setReveal}
        onHelp={() => setDialog({ name: "help" })}
      />
      {connection === "lost" && (
        <p class="banner" role="alert">
          The inspector does not respond. Is listen still running? The page is trying to reconnect.
        </p>
      )}
      {connection === "rejected" && (
        <p class="banner" role="alert">
          The token is no longer valid. Open the inspector URL that listen prints.
        </p>
      )}
      {route.view === "overview" ? (
        <main class="whole">
          <Overview onFilter={listProps.onFilter} />
        </main>
      ) : (
        <main class={isDetail ? "split with-detail" : "split"}>
          <section class="list-pane" aria-label="Pushes">
            <div class="toolbar">
              <Filters filters={filters} onChange={setFilters} />
              <Summary
                counts={counts}
                filters={filters}
                words={filterWords}
                onReplay={(label) => replay({ filters }, label)}
                isReplaying={isReplaying}
                onExport={(as) => void download(page, { ...filters, as }, "pushes")}
              />
            </div>
            {selection.size > 0 && (
              <div class="selection" role="group" aria-label="Selected pushes">
                <strong>{count(selection.size)} selected</strong>
                <button type="button" class="primary" disabled={isReplaying} onClick={replaySelection}>
                  Replay {counted(selection.size, "selected push", "selected pushes")}
                </button>
                {selection.size === 2 && (
                  <a class="button" href={diffUrl(selected[0] ?? 0, selected[1] ?? 0)}>
                    Compare
                  </a>
                )}
                <ExportMenu
                  onExport={(as) => void download(page, { as, ids: selected.join(",") }, "selected-pushes")}
                />
                <button type="button" onClick={() => setSelection(new Set())}>
                  Clear
                </button>
              </div>
            )}
            {mode === "plain" ? <PushList {...listProps} /> : <StoryList {...listProps} />}
          </section>
          <section class="detail-pane" aria-label="Detail">
            {route.view === "push" && (
              <Detail id={route.id} takesFocus={takesFocus} onClose={close} onLoad={setOpenSeq} />
            )}
            {route.view === "diff" && <Diff left={route.left} right={route.right} onClose={() => history.back()} />}
          </section>
        </main>
      )}
      {run !== undefined && <ReplayPanel key={run.id} run={run} onStop={run.stop} onClose={() => setRun(undefined)} />}
      <p class={`toast ${message?.isError ? "bad" : ""}`} role="status" hidden={message === undefined}>
        {message?.text}
      </p>
      <Announcer />
      {dialog?.name === "help" && (
        <Help
          isOn={areKeysOn}
          onSwitch={(isOn) => {
            setKeysOn(isOn);
            storeSingleKeys(isOn);
          }}
          onClose={() => setDialog(undefined)}
        />
      )}
      {dialog?.name === "edit" && <Editor seq={dialog.seq} onClose={() => setDialog(undefined)} />}
      {dialog?.name === "pin" && <PinDialog seq={dialog.seq} onClose={() => setDialog(undefined)} />}
    </Page.Provider>
  );
}

interface SummaryProps {
  counts: { matching: number | null; total: number } | undefined;
  filters: FilterQuery;
  words: string;
  isReplaying: boolean;
  onReplay(label: string): void;
  onExport(as: "har" | "curl" | "ndjson" | "test"): void;
}

/** How many pushes match, and what can be done with all of them. */
function Summary({ counts, filters, words, isReplaying, onReplay, onExport }: SummaryProps): JSX.Element | null {
  if (counts === undefined) return <div class="summary muted">&nbsp;</div>;
  const { matching, total } = counts;
  if (!hasFilters(filters)) {
    return (
      <div class="summary">
        <span class="muted">{counted(total, "push", "pushes")}</span>
        <ExportMenu onExport={onExport} />
      </div>
    );
  }
  const number = matching === null ? "all" : `all ${count(matching)}`;
  const label = `${number} that match ${words}`;
  return (
    <div class="summary">
      <span class="muted" role="status">
        {matching === null ? "Counting…" : count(matching)} of {counted(total, "push", "pushes")}
      </span>
      {matching !== 0 && (
        <>
          <button type="button" disabled={isReplaying} onClick={() => onReplay(label)}>
            Replay {label}
          </button>
          <ExportMenu onExport={onExport} />
        </>
      )}
    </div>
  );
}

function ExportMenu({ onExport }: { onExport(as: "har" | "curl" | "ndjson" | "test"): void }): JSX.Element {
  return (
    <Menu label="Export">
      <button type="button" onClick={() => onExport("har")}>
        HAR
      </button>
      <button type="button" onClick={() => onExport("ndjson")}>
        NDJSON
      </button>
      <button type="button" onClick={() => onExport("curl")}>
        cURL commands
      </button>
      <button type="button" onClick={() => onExport("test")}>
        Test file
      </button>
    </Menu>
  );
}
