/**
 * Requests and responses of the HTTP API of a running `listen`, version 1. Every path is below `/api/v1`. Personal data is redacted unless the
 * query contains `reveal=1`. API.md describes the requests with examples.
 */
import type { EndLine } from "../client/index.js";
import type { DevproxyEvent } from "../events.js";
import type { Status } from "../journal/index.js";
import type { ReplayEvent, ReplayRequest } from "../replay/index.js";
import type { TriggerEvent, TriggerSummary } from "../trigger/index.js";

export type { EndLine } from "../client/index.js";
export type { DeliveryEvent, DevproxyEvent, NoteEvent, PushEvent, StoppedEvent, TunnelEvent } from "../events.js";
export type { Status } from "../journal/index.js";
export type {
  ReplayEvent,
  ReplayRequest,
  ReplayStart,
  ReplaySummary,
  ResponseDifference,
  Verdict,
  VerdictEvent,
} from "../replay/index.js";
export type { TriggerEvent, TriggerSummary } from "../trigger/index.js";

/** The body of every response with a status of 400 or above. */
export interface ApiError {
  error: {
    /** For example `missing_token`, `not_found`, `usage`. */
    code: string;
    /** One line: what happened, and how to fix it. */
    message: string;
    /** The exit code of a command that gets this error. */
    exit: number;
  };
}

/** The filters of `list`, as parameters of a query. Values are those of the flags: `since=10m`, `status=failed`. */
export interface FilterQuery {
  type?: string;
  status?: string;
  task?: string;
  call?: string;
  workflow?: string;
  since?: string;
  until?: string;
  text?: string;
}

/** A state and when it began, ISO 8601. */
export interface StateChange<State extends string> {
  at: string;
  state: State;
}

export type TunnelStateName = "off" | "connecting" | "up" | "down" | "reopening";
export type AppStateName = "up" | "down";

/** `GET /state` */
export interface StateResponse {
  /** Version of the dev proxy. */
  version: string;
  /** Random for each start of `listen`. */
  instance: string;
  pid: number;
  /** URL that receives pushes on this machine. */
  local: string;
  /** URL to give to Airudder; `null` while no tunnel is up. */
  public: string | null;
  /** URL of the app. Redacted unless `reveal=1`. */
  target: string;
  journal: {
    /** Folder of the journal. */
    dir: string;
    /** The folder was removed or replaced while `listen` runs. */
    gone: boolean;
    /** Why pushes cannot be recorded at the moment. */
    problem?: string;
  };
  appUp: boolean;
  app: { state: AppStateName; history: StateChange<AppStateName>[] };
  tunnel: {
    /** Name of the tunnel server, such as `localtunnel.me`. */
    server?: string;
    state: TunnelStateName;
    url: string | null;
    error?: string;
    /** Duration of the last successful ping through the tunnel, ms. */
    pingMs?: number;
    history: StateChange<TunnelStateName>[];
  };
  queue: {
    /** Number of pushes that wait for the app. */
    waiting: number;
  };
  counts: {
    /** Number of pushes in the journal. */
    pushes: number;
  };
  /** The key agreed with Airudder, and the token that the app requires. Only with `secrets=1`, which pages may not send. */
  secrets?: { key?: string; token?: string };
}

/** The delivery that decides the status of a push. Also a delivery of {@link PushDetail}. */
export interface DeliveryJson {
  /** When it began, ISO 8601. */
  at: string;
  target: string;
  /** `null` if there was no response. */
  status: number | null;
  /** What the app's receiver reported, such as `handled`. */
  result?: string;
  /** Why there was no response. In {@link PushDetail}: also the error of the handler. */
  error?: string;
  ms: number;
  cause: "live" | "queued" | "replay" | "trigger" | "drill";
  late?: boolean;
  aside?: "edited" | "elsewhere" | "stopped";
}

/** A push in a list: what `list --json` prints, and `copy`. */
export interface PushRow {
  id: string;
  seq: number;
  /** When it was received, ISO 8601. */
  at: string;
  method: string;
  url: string;
  type: string;
  verified: boolean;
  source: string;
  /** Size of the body, bytes. */
  size: number;
  sha256: string;
  subject?: string;
  task?: string;
  call?: string;
  workflow?: string;
  /** Number of drift entries. */
  drift: number;
  quarantined: boolean;
  imported?: boolean;
  redacted?: boolean;
  status: Status;
  /** Why it failed: a code such as `bad_token`, or a text. */
  error?: string;
  /** What the code in `error` means, if it is one of airudder-webhooks. */
  explanation?: string;
  /** Number of attempts of an inbox. */
  attempts?: number;
  /** Number of deliveries. */
  deliveries: number;
  delivery: DeliveryJson | null;
  /** Set if other pushes of the same subject have the same bytes: this is copy `index` of `count`. */
  copy?: CopyOf;
}

/** Position among the pushes of one subject with the same bytes. `index` begins at 1. */
export interface CopyOf {
  index: number;
  count: number;
}

/** `GET /pushes` also accepts `before`, `after`, `limit` and `reveal`. */
export interface PushesQuery extends FilterQuery {
  /** Only pushes with a lower number. Pass `next` of the previous page. */
  before?: number;
  /** Only pushes with a higher number. */
  after?: number;
  /** Maximum number of pushes, 1 to 500. Default: 100. */
  limit?: number;
  reveal?: "1";
}

/** `GET /pushes`: the newest first. */
export interface PushesResponse {
  pushes: PushRow[];
  /** Value of `before` for the next page; `null` if this is the last one. */
  next: number | null;
  /** Number of pushes that match the filters, regardless of `before` and `after`; `null` if the text search has not read all of them. */
  matching: number | null;
  /** Number of pushes in the journal. */
  total: number;
}

/** What a schema says about a field. */
export interface FieldInfo {
  /** Description of the field. */
  meaning?: string;
  /** How reliable the schema is: `documented` by the vendor, `observed` in payloads, or `inferred` from related pushes. */
  provenance: "documented" | "observed" | "inferred" | "unknown";
  /** Set if this project wrote the description, because the vendor does not state the meaning. */
  meaningIsOurs?: true;
  /** Kind of personal data, `false` if it has none, `null` if unknown. */
  personal: string | false | null;
  /** JSON types that the schema allows. */
  type?: string[];
  /** The documented values. */
  enum?: (string | number | boolean | null)[];
  format?: string;
  unit?: string;
  required?: true;
}

/** A value that differs from its schema. */
export interface MismatchJson {
  /** JSON pointer into the body. */
  path: string;
  kind: "unknown_field" | "missing_field" | "wrong_type" | "unknown_value";
  expected: string;
  got: string;
}

/** A response of the app, in {@link PushDetail}. */
export interface ResponseJson {
  headers: Record<string, string | string[]>;
  /** Parsed if it is JSON, otherwise text. */
  body: unknown;
  /** The body as text. */
  text: string;
}

/** `GET /pushes/ID`: what `show --json` prints, and what the inspector needs. */
export interface PushDetail {
  head: PushRow;
  headers: Record<string, string | string[]>;
  /** The body, parsed if it is JSON. Use `text` for the exact order and numbers. */
  body: unknown;
  /** The body as text: JSON with the order, the duplicate keys and the numbers of the original, or another text. */
  text: string;
  /** Whether `text` is JSON. */
  isJson: boolean;
  /** Likely cause, if the `Sign` of the push does not match the key. */
  signProblem?: string;
  /** Equal to `mismatches`. */
  drift: MismatchJson[];
  /** The marks of an inbox, oldest first. */
  inbox?: { at: string; state: string; attempt?: number; error?: string }[];
  /** Oldest first. */
  deliveries: (DeliveryJson & {
    /** What the code of the error response means, if it is one of airudder-webhooks. */
    explanation?: string;
    response: ResponseJson | null;
    /** What the app's receiver reported in `Airudder-Outcome`. */
    outcome?: OutcomeJson;
  })[];
  /** `null` if no schema describes the push. */
  schema: SchemaInfo | null;
  /** Every difference from the strict schema; also of a quarantined push. */
  mismatches: MismatchJson[];
  quarantined: boolean;
  /** For `call.completed`. */
  card?: CallCard;
  /** Numbers of the previous and the next push of the same subject. */
  neighbours?: { previous: number | null; next: number | null };
}

/** Documented members of `Airudder-Outcome`. */
export interface OutcomeJson {
  type?: string;
  verified?: boolean;
  duplicate?: boolean;
  drift?: number;
  result?: string;
  error?: string;
  ms?: number;
}

/** What the schema of a push says. */
export interface SchemaInfo {
  /** Such as `dialer.task.bare`. */
  name: string;
  title: string;
  meaning?: string;
  provenance: FieldInfo["provenance"];
  /** The vendor's page, or a short statement. */
  source: string;
  /** By JSON pointer. `*` stands for the index of an array, and for a key that the schema does not name. */
  fields: Record<string, FieldInfo>;
}

/** The calls of a `call.completed` push, for display. Redacted like the body. Absent members were absent in the push. */
export interface CallCard {
  calls: CallCardCall[];
}

export interface CallCardCall {
  callId?: string;
  status?: string;
  /** `RingType` */
  ring?: string | null;
  /** `HangupType` */
  hangup?: string;
  /** `CallStartTime`, as received. */
  start?: string;
  end?: string;
  /** From `start` to `end`, if both are valid times. */
  seconds?: number;
  /** `RingTime` */
  ringSeconds?: number;
  intention?: string;
  intentionDescription?: string;
  /** Number of times the number was dialled. */
  dials?: number;
  transcript: { time?: string; who: "robot" | "customer"; text: string }[];
  /** Earlier dials. `at` has no time zone. */
  redials: { at?: string; ring?: string | null; hangup?: string; seconds?: number; label?: string }[];
  /** `EventLabel` */
  labels: Record<string, string>;
}

/** `GET /diff?left=12&right=13`, or of two deliveries: `left=12.1&right=12.2` (deliveries of push 12, counted from 1). */
export interface DiffResponse {
  left: DiffSide;
  right: DiffSide;
  /** HTTP statuses of two deliveries, if they differ. */
  status?: [number | null, number | null];
  /** What the app's receiver reported for two deliveries, if it differs. */
  result?: [string | null, string | null];
  /** At most 50. */
  differences: Difference[];
}

export interface DiffSide {
  /** Number of the push. */
  seq: number;
  /** Number of the delivery, from 1. */
  delivery?: number;
  at: string;
  type: string;
}

/** A value that differs. A member is absent if that side has no value. */
export interface Difference {
  /** JSON pointer into the body; empty for the whole body. Headers of responses: `header:NAME`. */
  path: string;
  left?: unknown;
  right?: unknown;
}

/** `POST /replays/UUID`. In place of UUID, use any id of letters, digits, `_` and `-` that no running replay has; `DELETE /replays/UUID` stops the replay. Pages may not send `to`. */
export interface ReplayBody extends ReplayRequest {
  /**
   * The edited body of the only push in `ids`, as text. The recorded values replace placeholders such as `"<text:fc580c>"`, so a push can be
   * edited without revealing it. Its deliveries are recorded with `aside: "edited"`.
   */
  body?: string;
  /** With `body`: makes a new `Sign` if the body has one. Default: true. */
  sign?: boolean;
}

/** A line of the response to `POST /replays/UUID`. The last one is `end` or `error`. */
export type ReplayLine = ReplayEvent | EndLine;

/** `POST /validate` */
export interface ValidateRequest {
  /** Type or schema name. Default: identified by shape. */
  type?: string;
  /** A body, as text. It may be invalid JSON. */
  body: string;
  /** The push that was edited: its values replace placeholders in `body` before the check. */
  id?: string;
}

export interface ValidateResponse {
  /** `true`, or where the text is not JSON. `line` and `column` begin at 1. */
  json: true | { line: number; column: number; message: string };
  /** The type that the body has. */
  type: string;
  /** Not redacted: they describe the body of the request. */
  mismatches: MismatchJson[];
  quarantined: boolean;
  /** Whether the body carries a `Sign`, and whether it matches the key. */
  sign: "none" | "valid" | "invalid";
}

/** `POST /triggers`. Give one of `type`, `from`, `pin` and `body`; `type` may also accompany `body`. */
export interface TriggerBody {
  /** Type of a fictitious push, such as `call.completed`. */
  type?: string;
  /** A recorded push to send with new ids: its number or id. */
  from?: string;
  /** Name of a pin. */
  pin?: string;
  /** Body to send, as text. */
  body?: string;
  /** Edits, `path=value` or `path:=json`. */
  set?: string[];
  /** Number of pushes, 1 to 1000. Default: 1. */
  count?: number;
  /** Key to sign with. Default: that of `listen`. */
  key?: string;
}

/** A line of the response to `POST /triggers`. */
export type TriggerLine = TriggerEvent | TriggerSummary | EndLine;

/** `GET /export?as=har&<filters>&ids=3..7,12`; `app` and `runner` as in the command, only with `as=test`. */
export type ExportFormatName = "har" | "curl" | "ndjson" | "test";

/** `GET /pins` */
export interface PinsResponse {
  pins: PinJson[];
}

export interface PinJson {
  name: string;
  type: string;
  /** Number of the push when it was pinned. */
  seq: number;
  at: string;
  size: number;
}

/** `POST /pins`. Responds 201 with the {@link PinJson}. `DELETE /pins/NAME` responds 204. */
export interface PinRequest {
  /** Number or id of a push. */
  id: string;
  name: string;
  /** Replaces a pin of that name. Default: false, which responds 409. */
  replace?: boolean;
}

/** `GET /stories?before=SEQ&limit=50&<filters>`: workflows, the one with the newest push first. */
export interface StoriesResponse {
  stories: Story[];
  /** Number of pushes that match the filters. */
  matching: number;
  /** Number of pushes in the journal. */
  total: number;
  /** Value of `before` for the next page; `null` if this is the last one. */
  next: number | null;
}

/** The pushes of one workflow, or the pushes without a workflow. */
export interface Story {
  /** `null` for pushes without a workflow id. */
  workflow: string | null;
  /** When its first and last push were received, ISO 8601. */
  firstAt: string;
  lastAt: string;
  /** Number of its newest push. */
  lastSeq: number;
  counts: { pushes: number; byStatus: Partial<Record<Status, number>> };
  /** The one with the newest push first. At most 50. */
  tasks: StoryTask[];
  /** Number of tasks that are left out. */
  more?: number;
}

export type SubjectKind = "call" | "agent" | "contact" | "task" | "workflow" | "other";

export interface StoryTask {
  /** `null` for pushes without a task id. */
  task: string | null;
  kind: "dialer" | "voicebot" | "chatbot" | "other";
  counts: { pushes: number; subjects: number; byStatus: Partial<Record<Status, number>> };
  firstAt: string;
  lastAt: string;
  lastSeq: number;
  /** State of a dialer task, as in its newest `dialer.task` push. */
  state?: string;
  /** How many phone numbers the task has, as its newest `dialer.task` push states. */
  total?: number;
  /** How many phone numbers have a push of their own. */
  reported?: number;
  /** For example "task finished, 12 numbers never reported". */
  notes: string[];
  /** The one with the newest push first. At most 20. */
  subjects: StorySubject[];
  /** Number of subjects that are left out. */
  more?: number;
}

export interface StorySubject {
  subject: string;
  kind: SubjectKind;
  /** Of all its pushes. */
  byStatus: Partial<Record<Status, number>>;
  /** In the order of arrival: the newest 20. */
  pushes: StoryPush[];
  /** Number of older pushes that are left out. */
  more?: number;
}

export interface StoryPush {
  seq: number;
  id: string;
  type: string;
  at: string;
  status: Status;
  /** State in the push, such as `HANGUP` or `finished`, if it is a known one. */
  state?: string;
  /** How the call ended, if the push says so: `answered`, `busy`, ... as in {@link StatsResponse}. */
  result?: string;
  /** Why it failed. */
  error?: string;
  copy?: CopyOf;
  /** By the vendor's time, it is older than a push of its subject that arrived before it; or it arrived after its task finished. */
  late?: true;
  /** It arrived after its task finished. */
  afterEnd?: true;
  verified?: boolean;
  drift?: number;
}

/** `GET /stats?minutes=60` (1 to 1440) */
export interface StatsResponse {
  /** One for each minute, oldest first, also those without pushes. `minute` is ISO 8601. */
  perMinute: { minute: string; byType: Record<string, number> }[];
  /** Of the whole journal. */
  byStatus: Partial<Record<Status, number>>;
  byType: Record<string, number>;
  /** Results of calls and contacts in these minutes: `answered`, `busy`, `switchoff`, ... */
  callResults: Record<string, number>;
  /** How long the app took, ms, without replays; `null` if there was no response. */
  response: {
    p50: number | null;
    p99: number | null;
    count: number;
    perMinute: { minute: string; p50: number | null; p99: number | null; count: number }[];
  };
  tunnel: StateResponse["tunnel"];
  app: StateResponse["app"];
  queue: StateResponse["queue"];
  total: number;
}

/** `GET /drift?<filters>`: the lines of `drift --json`. */
export type DriftResponse = ({ event: "drift" } & DriftGroupJson)[] | { event: string }[];

export interface DriftGroupJson {
  type: string;
  path: string;
  kind: MismatchJson["kind"];
  count: number;
  first: string;
  last: string;
  /** Such as `#12`. */
  pushes: string[];
  expected: string;
  got: string[];
}

/** A line of `GET /doctor`, then `EndLine`. */
export interface FindingLine {
  event: "check";
  name: string;
  result: "ok" | "failed" | "skipped" | "unclear";
  detail: string;
}

/**
 * `GET /events`, `text/event-stream`, read through `fetch`. Each event has `id`, `event` (the member `event` of its data) and `data` (JSON).
 * `id` increases by 1. A comment is sent every 15 s. A client that reads too slowly gets `lagged`, and the stream ends.
 */
export type StreamEvent = DevproxyEvent | StateStreamEvent | ReplayStreamEvent | LaggedEvent;

/** Sent first, and when one of its members has changed; at most once a second. */
export interface StateStreamEvent {
  event: "state";
  appUp: boolean;
  tunnel: { state: TunnelStateName; url: string | null };
  waiting: number;
  pushes: number;
}

/** A replay of any client has started or ended. */
export interface ReplayStreamEvent {
  event: "replay";
  /** The UUID of its path. */
  replay: string;
  state: "started" | "ended";
  total?: number;
  /** Number of pushes with a verdict. */
  sent?: number;
}

/** The client was too slow: events are missing. Reload, and open the stream again. */
export interface LaggedEvent {
  event: "lagged";
}
