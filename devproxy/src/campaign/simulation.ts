import type { PushType } from "airudder-webhooks";
import { type Dial, dialOutcomes, makeDial } from "./dials.js";
import { apportion } from "./mix.js";
import type { CompleteOptions } from "./options.js";
import { OUTCOME_NAMES, type OutcomeName } from "./outcomes.js";
import { type Counters, Payloads } from "./payloads.js";
import { Random } from "./random.js";
import { Timeline } from "./timeline.js";
import { DIALOGUES, ROUND_SECONDS } from "./transcripts.js";
import {
  type Agent,
  COUNTED_TALK_RESULT,
  type Contact,
  makeAgents,
  makeContact,
  makeWorkflow,
  TALK_RESULTS,
} from "./workflow.js";

/** A push whose payload is built on demand, before the simulation continues. */
export interface SimulatedPush {
  /** Time since the start of the campaign, ms. */
  atMs: number;
  type: PushType;
  payload: () => object;
}

type Step = (atMs: number) => Omit<SimulatedPush, "atMs"> | undefined;

// Times of the campaign, ms.
const TASK_START = 1_000;
const FIRST_CALL = 2_000;
const REPORT_INTERVAL = 60_000;
/** From the end of a call to its `call.completed`, and from the last call of a contact to `workflow.list.completed`. */
const REPORT_DELAY = 1_000;
/** From one node of the workflow to the next. */
const NODE_DELAY = 1_000;
/** From a call to the next call of the same agent. */
const AGENT_BREAK = 1_000;
/** Average duration of a dial and what follows it. Contacts enter the workflow as fast as the agents can call them. */
const TIME_PER_CONTACT = 30_000;

/**
 * Produces the pushes of a campaign in order of time, one event after the other.
 *
 * Each contact passes through two nodes. First the voicebot calls, and redials if needed. Then the dialer calls one number per
 * free agent, and redials if needed.
 */
export class Simulation {
  /** Number of dials after the first dial of a number, in both tasks. */
  redials = 0;
  readonly outcomes: Readonly<Record<OutcomeName, number>>;
  readonly #random: Random;
  readonly #timeline = new Timeline<Step>();
  readonly #outcomeOf: Uint8Array;
  readonly #agents: Agent[];
  readonly #counters: Counters = { dialed: 0, answered: 0, talked: 0, counted: 0 };
  readonly #payloads: Payloads;
  #reported = "";
  #finished = 0;

  constructor(private readonly options: CompleteOptions) {
    const { contacts, mix, seed, startMs, key } = options;
    this.#random = new Random(seed);
    const workflow = makeWorkflow(this.#random, key);
    this.outcomes = apportion(contacts, mix);
    this.#outcomeOf = Uint8Array.from(
      OUTCOME_NAMES.flatMap((name, i) => new Array<number>(this.outcomes[name]).fill(i)),
    );
    this.#random.shuffle(this.#outcomeOf);
    this.#agents = makeAgents(options);
    this.#payloads = new Payloads(workflow, options, { planned: startMs, started: startMs + TASK_START });
  }

  *run(): Generator<SimulatedPush> {
    this.#at(0, () => push("workflow.status", () => this.#payloads.workflowStatus("started")));
    this.#at(TASK_START, () => this.#reportTask());
    this.#at(TASK_START + REPORT_INTERVAL, (atMs) => this.#reportProgress(atMs));
    this.#at(FIRST_CALL, (atMs) => this.#enter(0, atMs));
    for (let entry = this.#timeline.next(); entry !== undefined; entry = this.#timeline.next()) {
      const { atMs, item: step } = entry;
      const made = step(atMs);
      if (made !== undefined) yield { atMs, ...made };
    }
  }

  #at(atMs: number, step: Step): void {
    this.#timeline.add(atMs, step);
  }

  readonly #toEpoch = (atMs: number): number => this.options.startMs + atMs;

  #reportTask(endMs?: number): ReturnType<Step> {
    this.#reported = JSON.stringify(this.#counters);
    return push("dialer.task", () =>
      this.#payloads.dialerTask(this.#counters, endMs === undefined ? undefined : this.#toEpoch(endMs)),
    );
  }

  /** Reports the task at intervals, if its counters have changed: an equal push would be a duplicate. */
  #reportProgress(atMs: number): ReturnType<Step> {
    if (this.#finished === this.options.contacts) return undefined;
    this.#at(atMs + REPORT_INTERVAL, (nextMs) => this.#reportProgress(nextMs));
    return JSON.stringify(this.#counters) === this.#reported ? undefined : this.#reportTask();
  }

  /** A contact enters the workflow. */
  #enter(index: number, atMs: number): undefined {
    const { contacts, agents } = this.options;
    if (index + 1 < contacts) {
      this.#at(atMs + Math.ceil(TIME_PER_CONTACT / agents), (nextMs) => this.#enter(index + 1, nextMs));
    }
    const outcome = OUTCOME_NAMES[this.#outcomeOf[index] as number] as OutcomeName;
    this.#callByRobot(makeContact(index, outcome), atMs);
  }

  #callByRobot(contact: Contact, atMs: number): void {
    const random = this.#random;
    const dials: Dial[] = [];
    for (const outcome of dialOutcomes(contact, this.options.maxRedials, random)) {
      const previous = dials.at(-1);
      dials.push(makeDial(outcome, previous === undefined ? atMs : previous.endMs + redialPause(random), random));
    }
    this.redials += dials.length - 1;
    const last = dials.at(-1) as Dial;
    const talk = last.outcome === "answered" ? this.#talkToRobot(last) : undefined;
    const reportMs = (talk?.endMs ?? last.endMs) + REPORT_DELAY;
    this.#at(reportMs, () =>
      push("call.completed", () => this.#payloads.callCompleted(contact, dials, this.#toEpoch, talk)),
    );
    const outcomes = dialOutcomes(contact, this.options.maxRedials, random);
    this.#at(reportMs + NODE_DELAY, (nextMs) => this.#callByDialer(contact, outcomes, 1, nextMs));
  }

  #talkToRobot({ endMs }: Dial) {
    const random = this.#random;
    const dialogue = random.pick(DIALOGUES);
    const seconds = dialogue.rounds.length * ROUND_SECONDS + random.between(0, 5);
    const hangupType = random.pick(["ByCallee", "ByRobot"] as const);
    return { dialogue, endMs: endMs + seconds * 1_000, hangupType };
  }

  /** The dialer dials a number when an agent is free. @param outcomes those of this dial and the later ones */
  #callByDialer(
    contact: Contact,
    [outcome, ...later]: readonly OutcomeName[],
    nthCall: number,
    atMs: number,
  ): undefined {
    const agent = this.#agents.reduce((first, each) => (each.freeAtMs < first.freeAtMs ? each : first));
    const dial = makeDial(outcome as OutcomeName, Math.max(atMs, agent.freeAtMs), this.#random);
    const report = (state: string, stateMs: number, count?: (counters: Counters) => void) =>
      this.#at(stateMs, () => {
        count?.(this.#counters);
        const details = { state, nthCall, at: this.#toEpoch(stateMs) };
        return push("dialer.contact", () => this.#payloads.dialerContact(contact, dial, details));
      });
    const isFirst = nthCall === 1;
    if (!isFirst) this.redials++;
    report("CALLING", dial.startMs, (counters) => {
      if (isFirst) counters.dialed++;
    });
    if (dial.ringMs !== undefined) report("RINGING", dial.ringMs);
    let endMs = dial.endMs;
    if (dial.outcome === "answered") {
      report("ANSWERED", dial.endMs, (counters) => {
        counters.answered++;
      });
      const talk = this.#talkToAgent(agent, contact, dial);
      report("HANGUP", talk.hangupMs);
      endMs = talk.endMs;
    } else {
      report("HANGUP", dial.endMs);
    }
    agent.freeAtMs = endMs + AGENT_BREAK;
    if (later.length > 0) {
      this.#at(endMs + redialPause(this.#random), (nextMs) => this.#callByDialer(contact, later, nthCall + 1, nextMs));
    } else {
      this.#at(endMs + REPORT_DELAY, (nextMs) => this.#complete(contact, nextMs));
    }
  }

  #talkToAgent(
    agent: Agent,
    contact: Contact,
    { callId, endMs: answeredMs }: Dial,
  ): { hangupMs: number; endMs: number } {
    const random = this.#random;
    const ringMs = answeredMs + random.between(100, 500);
    const talkMs = ringMs + random.between(500, 3_000);
    const hangupMs = talkMs + random.between(15_000, 90_000);
    const endMs = hangupMs + random.between(2_000, 20_000);
    const talkResult = random.pick(TALK_RESULTS);
    const report = (state: string, stateMs: number, count?: () => void) =>
      this.#at(stateMs, () => {
        count?.();
        const details = {
          state,
          at: this.#toEpoch(stateMs),
          waiting: this.options.contacts - this.#counters.dialed,
          ...(state === "TALKRESULT" ? { talkResult } : {}),
        };
        return push("dialer.agent", () => this.#payloads.dialerAgent(agent, { contact, callId }, details));
      });
    report("RINGING", ringMs);
    report("ANSWERED", talkMs, () => {
      this.#counters.talked++;
    });
    report("HANGUP", hangupMs, () => {
      agent.calls++;
      agent.talkSeconds += Math.round((hangupMs - talkMs) / 1_000);
    });
    report("TALKRESULT", endMs, () => {
      agent.results[talkResult]++;
      if (talkResult === COUNTED_TALK_RESULT) this.#counters.counted++;
    });
    return { hangupMs, endMs };
  }

  /** A contact has completed the workflow. After the last one, the task and the workflow end. */
  #complete(contact: Contact, atMs: number): ReturnType<Step> {
    if (++this.#finished === this.options.contacts) {
      this.#at(atMs + REPORT_DELAY, (endMs) => this.#reportTask(endMs));
      this.#at(atMs + 2 * REPORT_DELAY, () => push("workflow.status", () => this.#payloads.workflowStatus("ended")));
    }
    return push("workflow.list.completed", () => this.#payloads.listCompleted(contact));
  }
}

function push(type: PushType, payload: () => object): ReturnType<Step> {
  return { type, payload };
}

/** From the end of a dial to the next one. */
function redialPause(random: Random): number {
  return random.between(60_000, 180_000);
}
