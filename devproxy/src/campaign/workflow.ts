import { sign } from "airudder-webhooks";
import type { CompleteOptions } from "./options.js";
import type { OutcomeName } from "./outcomes.js";
import { CALLER_NUMBER, phoneNumber } from "./phone-numbers.js";
import type { Random } from "./random.js";

const WORKFLOW_NAME = "test_campaign";

/** The four fields that name the workflow and a node of it. */
interface Node {
  readonly workflow_id: string;
  readonly workflow_name: string;
  readonly nodetask_id: string;
  readonly nodetask_name: string;
}

/** A node of the workflow, with its task. */
export interface Task {
  readonly node: Node;
  readonly id: string;
  readonly name: string;
}

/** The ids and names that are the same in all pushes of a campaign. */
export interface CampaignWorkflow {
  readonly workflow: { readonly workflow_id: string; readonly workflow_name: string };
  readonly voicebot: Task & { readonly sign: string };
  readonly dialer: Task;
  readonly callerNumber: string;
}

export function makeWorkflow(random: Random, key: string | undefined): CampaignWorkflow {
  const workflow = { workflow_id: random.id(), workflow_name: WORKFLOW_NAME };
  const node = (kind: string) => ({
    ...workflow,
    nodetask_id: random.id(),
    nodetask_name: `${kind}_${random.hex(6)}`,
  });
  const [voicebot, dialer, taskId] = [node("Voicebot Call1"), node("PDS1"), random.id()];
  return {
    workflow,
    voicebot: {
      node: voicebot,
      id: taskId,
      name: `wf_${WORKFLOW_NAME}_Voicebot Call1_${random.hex(6)}`,
      sign: sign(taskId, key),
    },
    dialer: { node: dialer, id: random.id(), name: `wf_pds_task_${random.id()}` },
    callerNumber: CALLER_NUMBER,
  };
}

/** A person on the list of the workflow. */
export interface Contact {
  readonly index: number;
  readonly name: string;
  readonly phone: string;
  readonly caseId: string;
  readonly outcome: OutcomeName;
}

export function makeContact(index: number, outcome: OutcomeName): Contact {
  const number = index + 1;
  return {
    index,
    name: `Test Person ${number}`,
    phone: phoneNumber(index),
    caseId: `test-case-${String(number).padStart(6, "0")}`,
    outcome,
  };
}

/** Labels of talk results. A customer of the vendor configures its own. */
export const TALK_RESULTS = ["Agree", "Decline", "Call back"] as const;
export type TalkResult = (typeof TALK_RESULTS)[number];
/** The talk result that `dialer.task` counts, as in the vendor's example. */
export const COUNTED_TALK_RESULT: TalkResult = "Agree";

/** An agent with the totals of the campaign. */
export interface Agent {
  readonly name: string;
  /** When the agent can take the next call: time of the campaign, ms. */
  freeAtMs: number;
  calls: number;
  talkSeconds: number;
  readonly results: Record<TalkResult, number>;
}

export function makeAgents({ agents }: CompleteOptions): Agent[] {
  return Array.from({ length: agents }, (_, i) => ({
    name: `test-agent-${i + 1}`,
    freeAtMs: 0,
    calls: 0,
    talkSeconds: 0,
    results: { Agree: 0, Decline: 0, "Call back": 0 },
  }));
}
