import type { DialerBody, PushPayloads } from "airudder-webhooks";
import { type Dial, ringSeconds } from "./dials.js";
import { OUTCOMES } from "./outcomes.js";
import { asrResult, type Dialogue } from "./transcripts.js";
import {
  type Agent,
  type CampaignWorkflow,
  COUNTED_TALK_RESULT,
  type Contact,
  TALK_RESULTS,
  type TalkResult,
  type Task,
} from "./workflow.js";

/** Stands for a word whose vocabulary the vendor does not document. */
const UNKNOWN = "<unknown vocabulary>";
/** The group whose agents take the calls. */
const GROUP_NAME = "group_demo";
/** Label of a dial that was not answered. */
const NOT_REACHED = "F";
/** `RedailCall` has local times without a zone. In the vendor's example, the zone is UTC+07:00. */
const REDIAL_OFFSET_MS = 7 * 3_600_000;
/** Numeric id of the first call. The vendor's own are close to 2^31. */
const FIRST_RECORD_ID = 2_100_000_001;

/** Counters of the dialer task. */
export interface Counters {
  dialed: number;
  answered: number;
  talked: number;
  /** Calls whose talk result is `displayTalkResult`. */
  counted: number;
}

/** Makes payloads for one campaign. All times in its parameters are epoch, ms. */
export class Payloads {
  constructor(
    private readonly workflow: CampaignWorkflow,
    private readonly size: { readonly contacts: number; readonly agents: number },
    private readonly taskTimes: { readonly planned: number; readonly started: number },
  ) {}

  /** @param word distinguishes the pushes; the vendor's words for a status are unknown */
  workflowStatus(word: "started" | "ended"): PushPayloads["workflow.status"] {
    const status = `<unknown: ${word}>`;
    const action = ({ node, id }: Task) => ({ ...rowOf(node, id), task_status: status });
    const { workflow, voicebot, dialer } = this.workflow;
    return { ...workflow, status, actions: [action(voicebot), action(dialer)] };
  }

  /** @param end `undefined` while the task runs */
  dialerTask({ dialed, answered, talked, counted }: Counters, end?: number): PushPayloads["dialer.task"] {
    const { node, id, name } = this.workflow.dialer;
    const body = {
      taskId: id,
      taskName: name,
      groupName: GROUP_NAME,
      startTime: isoSeconds(this.taskTimes.planned),
      actualStartTime: isoSeconds(this.taskTimes.started),
      endTime: end === undefined ? "" : isoSeconds(end),
      totalNumber: this.size.contacts,
      dialedNumber: dialed,
      answeredNumber: answered,
      talkedNumber: talked,
      registeredCount: this.size.agents,
      state: end === undefined ? "Running" : "Finished",
      displayTalkResult: COUNTED_TALK_RESULT,
      talkResultCount: counted,
    };
    return { ...node, pds: { type: "TaskStatus" as const, body } };
  }

  /** @param nthCall which dial of the number this is, from 1 */
  dialerContact(
    contact: Contact,
    { callId, outcome }: Dial,
    { state, nthCall, at }: { state: string; nthCall: number; at: number },
  ): PushPayloads["dialer.contact"] {
    const { node, id, name } = this.workflow.dialer;
    const body = {
      taskId: id,
      taskName: name,
      groupName: GROUP_NAME,
      state,
      phoneNumber: contact.phone,
      callid: callId,
      timestamp: String(at),
      ...(state === "HANGUP" ? { hangupReason: OUTCOMES[outcome].hangupReason } : {}),
      nthCall,
      recLink: "",
      contactName: contact.name,
      address: "",
      info1: "",
      info2: "",
      info3: "",
      remark: "",
      mainNumber: contact.phone,
      phoneTag: "",
      privateData: "",
      customerInfo: customerInfo(contact),
    };
    return { ...node, pds: { type: "ContactStatus" as const, body } };
  }

  /** @param talkResult set in the state TALKRESULT */
  dialerAgent(
    agent: Agent,
    { contact, callId }: { contact: Contact; callId: string },
    { state, at, waiting, talkResult }: { state: string; at: number; waiting: number; talkResult?: TalkResult },
  ): PushPayloads["dialer.agent"] {
    const { node, id, name } = this.workflow.dialer;
    const body: DialerBody<PushPayloads["dialer.agent"]> = {
      agentName: agent.name,
      registerState: "Registered",
      State: state,
      callType: "",
      taskId: id,
      taskName: name,
      groupName: GROUP_NAME,
      phoneNumber: contact.phone,
      callid: callId,
      contactName: contact.name,
      address: "",
      info1: "",
      info2: "",
      info3: "",
      remark: "",
      privateData: "",
      timestamp: String(at),
      talkResultLabel: talkResult ?? "",
      talkremarks: "",
      mainNumber: contact.phone,
      phoneTag: "",
      curDayCallCount: { auto: agent.calls, manual: 0 },
      curDayCallDuration: { auto: agent.talkSeconds, manual: 0 },
      curDayTalkResults: TALK_RESULTS.map((label) => ({ talkResult: label, count: agent.results[label] })),
      displayTalkResult: "",
      isConcealCallee: "",
      curDayOnlineDuration: Math.floor((at - this.taskTimes.started) / 1_000),
      curDayRestDuration: 0,
      curWaitingCallCount: 0,
      groupUnallocatedCall: 0,
      earliestCallWaitTime: 0,
      threewayState: "",
      threewayAccount: "",
      customizeResults: talkResult === undefined ? {} : { Level1: talkResult },
      customerInfo: customerInfo(contact),
      waitingDialNumber: waiting,
      totalNumber: this.size.contacts,
      holdTimestamp: 0,
      holdDuration: { auto: 0, manual: 0 },
    };
    return { ...node, pds: { type: "AgentStatus" as const, body } };
  }

  /**
   * @param dials all dials of the number, in order
   * @param toEpoch converts a time of the campaign
   * @param talk set if the last dial was answered
   */
  callCompleted(
    contact: Contact,
    dials: readonly Dial[],
    toEpoch: (atMs: number) => number,
    talk?: { dialogue: Dialogue; endMs: number; hangupType: "ByCallee" | "ByRobot" },
  ): PushPayloads["call.completed"] {
    const { node, id, name, sign } = this.workflow.voicebot;
    const last = dials.at(-1) as Dial;
    const { dialogue } = talk ?? {};
    const detail = {
      id: FIRST_RECORD_ID + contact.index,
      RobotID: "1001",
      CalleeName: contact.name,
      CalleeGender: "",
      CalleeNumber: contact.phone,
      CallStartTime: talk === undefined ? "" : isoSeconds(toEpoch(last.endMs)),
      CallEndTime: talk === undefined ? "" : isoSeconds(toEpoch(talk.endMs)),
      Status: talk === undefined ? "failed" : "finished",
      Intention: dialogue?.intention ?? NOT_REACHED,
      CallID: last.callId,
      CallTimes: dials.length,
      Comments: "",
      PlatformName: "DEMO",
      RingType: OUTCOMES[last.outcome].ringType,
      HangupType: talk?.hangupType ?? "ByRobot",
      ExtraA: "",
      ExtraB: "",
      ExtraC: "",
      AsrResult: dialogue === undefined ? [] : asrResult(dialogue),
      RingTime: ringSeconds(last),
      TalkRound: dialogue?.rounds.length ?? 0,
      RedailCall: dials.slice(0, -1).map((dial) => ({
        CallID: dial.callId,
        CallStartTime: localSeconds(toEpoch(dial.startMs)),
        RingType: OUTCOMES[dial.outcome].ringType,
        RingTime: ringSeconds(dial),
        HangupType: "ByRobot" as const,
        ResultLabel: NOT_REACHED,
        callee_number: contact.phone,
        caller_number: this.workflow.callerNumber,
      })),
      NerSlots: {},
      intention_description: dialogue?.description ?? "Not reached",
      EventLabel: {},
      caller_number: this.workflow.callerNumber,
      CaseID: contact.caseId,
      Variables: {},
    } as const;
    return { ...node, TaskID: id, TaskName: name, Sign: sign, Details: [detail] };
  }

  listCompleted({ caseId, phone }: Contact): PushPayloads["workflow.list.completed"] {
    const { workflow, voicebot, dialer } = this.workflow;
    const rows = [voicebot, dialer].map(({ node, id }) => rowOf(node, id));
    return { case_id: caseId, callee_number: phone, ...workflow, rows };
  }
}

function rowOf({ nodetask_id, nodetask_name }: Task["node"], taskId: string) {
  return { nodetask_id, nodetask_name, node_type: UNKNOWN, task_id: taskId };
}

/** The contact's row of the uploaded list. */
function customerInfo({ caseId, name }: Contact): Record<string, string> {
  return { case_id: caseId, name };
}

/** `2026-01-05T02:00:00Z` */
function isoSeconds(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** `2026-01-05 09:00:00` */
function localSeconds(at: number): string {
  return new Date(at + REDIAL_OFFSET_MS).toISOString().slice(0, 19).replace("T", " ");
}
