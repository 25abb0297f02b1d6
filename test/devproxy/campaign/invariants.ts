import assert from "node:assert/strict";
import { callTimes, hangupReason, isAnswered, transcript } from "airudder-webhooks";
import { describePush } from "airudder-webhooks/inspect";
import { campaignSummary, OUTCOME_NAMES, type OutcomeName } from "../../../devproxy/src/campaign/index.js";
import { type At, type Campaign, groupBy, makeCampaign } from "./campaign.js";

/** What receivers read from an outcome: `RingType` of the call, and the meaning of `hangupReason`. */
const MEANING: Record<OutcomeName, [ringType: string, hangup: string]> = {
  answered: ["normal", "talked"],
  "no-answer": ["normal", "ended normally, answered or not"],
  busy: ["busy", "busy"],
  "switched-off": ["switchoff", "switched off"],
  "out-of-area": ["outofarea", "out of area"],
  "not-in-use": ["cantuse", "not in use"],
  "on-hold": ["holdline", "hold"],
  unregistered: ["unregister", "invalid number"],
  "wrong-number": ["wrongnum", "wrong number"],
  voicemail: ["normal", "voicemail"],
};

/** How the ranges for drama in Ofcom's list begin. */
const RESERVED =
  /^\+44(7700900|1632960|2079460|1134960|1144960|1154960|1164960|1174960|1184960|1214960|1314960|1414960|1514960|1614960|1914980|2920180|306999)\d{3,4}$/;

type ContactState = At<Campaign["contacts"][number]["body"]>;

/** The dials of one number by the dialer. Each is a list of states. */
function dialsOf(states: readonly ContactState[]): ContactState[][] {
  return [...groupBy(states, ({ body }) => String(body.callid)).values()];
}

/** The states of each contact, by its phone number. */
function statesByPhone({ contacts }: Campaign): Map<string, ContactState[]> {
  return groupBy(contacts, ({ body }) => String(body.phoneNumber));
}

/** The outcome of a contact, as both of its nodes report it. */
function outcomeOf(campaign: Campaign, phone: string): OutcomeName {
  const last = campaign.contacts.findLast(({ body }) => body.phoneNumber === phone)?.body;
  const found = OUTCOME_NAMES.find((name) => MEANING[name][1] === hangupReason(last?.hangupReason));
  assert.ok(found, `no outcome has the hangupReason ${last?.hangupReason}`);
  return found;
}

function positions(list: readonly { index: number }[]): number[] {
  return list.map(({ index }) => index);
}

/** The invariants of a campaign. Each throws if the campaign breaks it. */
export const INVARIANTS: Record<string, (campaign: Campaign) => void> = {
  "every push is valid, of its type, and signed with the key": ({ pushes, options }) => {
    for (const { type, body } of pushes) {
      const { type: found, drift, quarantined, verified } = describePush(body, {}, { key: options.key });
      assert.deepEqual({ found, drift, quarantined }, { found: type, drift: [], quarantined: false });
      assert.equal(verified, type === "call.completed");
    }
  },

  "pushes are in order of time, from the first workflow.status to the last": ({ pushes }) => {
    assert.equal(pushes[0]?.atMs, 0);
    for (const [i, { atMs }] of pushes.entries()) {
      assert.ok(Number.isSafeInteger(atMs) && atMs >= (pushes[i - 1]?.atMs ?? 0), `push ${i}`);
    }
    const statuses = pushes.flatMap(({ type }, i) => (type === "workflow.status" ? [i] : []));
    assert.deepEqual(statuses, [0, pushes.length - 1]);
  },

  "no two pushes have equal bytes, so no receiver takes one for a duplicate": ({ pushes }) =>
    assert.equal(new Set(pushes.map(({ body }) => body.toString())).size, pushes.length),

  "timestamps of the dialer are the time of the push": ({ startMs, contacts, agents }) => {
    for (const { atMs, body } of [...contacts, ...agents]) assert.equal(body.timestamp, String(startMs + atMs));
  },

  "counters of dialer.task equal the sum over contacts, at each moment and at the end": (campaign) => {
    const { tasks, contacts, agents, options } = campaign;
    for (const { index, body } of tasks) {
      const phones = (states: readonly { index: number; body: { phoneNumber?: string } }[]) =>
        new Set(states.filter((state) => state.index < index).map((state) => state.body.phoneNumber)).size;
      assert.deepEqual(
        [
          body.totalNumber,
          body.dialedNumber,
          body.answeredNumber,
          body.talkedNumber,
          body.talkResultCount,
          body.registeredCount,
        ],
        [
          options.contacts,
          phones(contacts.filter(({ body: { state } }) => state === "CALLING")),
          phones(contacts.filter(({ body: { state } }) => state === "ANSWERED")),
          phones(agents.filter(({ body: { State } }) => State === "ANSWERED")),
          phones(agents.filter((agent) => agent.body.talkResultLabel === body.displayTalkResult)),
          options.agents,
        ],
        `push ${index}`,
      );
    }
    const talked = campaign.completed.filter(({ body }) => isAnswered(body) === true).length;
    const end = tasks.at(-1)?.body;
    assert.deepEqual([end?.dialedNumber, end?.answeredNumber, end?.talkedNumber], [options.contacts, talked, talked]);
  },

  "every call takes place while the task runs": ({ tasks, completed, contacts, agents, ended, startMs }) => {
    assert.deepEqual(
      tasks.map(({ body }) => body.state),
      [...tasks.slice(1).map(() => "Running"), "Finished"],
    );
    const [first, last] = [tasks[0], tasks.at(-1)] as [Campaign["tasks"][number], Campaign["tasks"][number]];
    const seconds = (atMs: number) => `${new Date(startMs + atMs).toISOString().slice(0, 19)}Z`;
    for (const { body } of tasks) {
      assert.equal(body.actualStartTime, seconds(first.atMs));
      assert.equal(body.endTime, body.state === "Finished" ? seconds(last.atMs) : "");
    }
    const calls = positions([...completed, ...contacts, ...agents, ...ended]);
    assert.ok(Math.min(...calls) > first.index && Math.max(...calls) < last.index);
    const began = completed.flatMap(({ body }) => {
      const { start, redials } = callTimes(body, { zone: "+07:00" });
      return [start, ...redials].flatMap((time) => time?.getTime() ?? []);
    });
    assert.ok(Math.min(...began) >= startMs + first.atMs - 1_000, "a dial began before the task");
  },

  "each contact ends once: call.completed, then its dials, then workflow.list.completed": (campaign) => {
    const { completed, ended, options } = campaign;
    const calls = groupBy(completed, ({ body }) => body.CaseID);
    const ends = groupBy(ended, ({ body }) => body.case_id);
    assert.equal(calls.size, options.contacts);
    assert.deepEqual([...ends.keys()].sort(), [...calls.keys()].sort());
    const states = statesByPhone(campaign);
    assert.equal(states.size, options.contacts);
    for (const [caseId, [call, ...otherCalls]] of calls) {
      const [end, ...otherEnds] = ends.get(caseId) ?? [];
      assert.ok(call && end && otherCalls.length === 0 && otherEnds.length === 0, caseId);
      assert.equal(end.body.callee_number, call.body.CalleeNumber);
      const dials = states.get(call.body.CalleeNumber) ?? [];
      const agents = campaign.agents.filter(({ body }) => body.phoneNumber === call.body.CalleeNumber);
      const indexes = positions([...dials, ...agents]);
      assert.ok(call.index < Math.min(...indexes) && Math.max(...indexes) < end.index, caseId);
      for (const { body } of [...dials, ...agents]) assert.equal(body.customerInfo?.case_id, caseId);
    }
  },

  "the states of a dial are in a valid order, and only HANGUP, once, has a reason": ({ contacts }) => {
    for (const states of dialsOf(contacts)) {
      const names = states.map(({ body }) => body.state).join(" ");
      assert.match(names, /^CALLING (RINGING (ANSWERED )?)?HANGUP$/);
      for (const { body } of states) assert.equal("hangupReason" in body, body.state === "HANGUP");
      assert.equal(names.includes("ANSWERED"), hangupReason(states.at(-1)?.body.hangupReason) === "talked");
    }
  },

  "redials have ascending numbers, follow the previous dial, and stop at an answer or at the maximum": (campaign) => {
    const { maxRedials } = campaign.options;
    for (const [phone, states] of statesByPhone(campaign)) {
      const dials = dialsOf(states);
      const outcome = outcomeOf(campaign, phone);
      assert.deepEqual(states, dials.flat(), "a dial began before the previous one ended");
      dials.forEach((dial, i) => {
        for (const { body } of dial) assert.equal(body.nthCall, i + 1);
        const reason = hangupReason(dial.at(-1)?.body.hangupReason);
        if (outcome !== "answered") assert.equal(reason, MEANING[outcome][1]);
        else assert.equal(reason === "talked", i === dials.length - 1);
      });
      if (outcome === "answered") assert.ok(dials.length <= maxRedials + 1);
      else assert.equal(dials.length, maxRedials + 1);
    }
  },

  "an agent talks to one contact at a time, only to contacts who answered": ({ agents, contacts, options }) => {
    const byAgent = groupBy(agents, ({ body }) => body.agentName);
    assert.ok(byAgent.size <= options.agents);
    const states = new Map(dialsOf(contacts).map((dial) => [dial[0]?.body.callid, dial]));
    for (const mine of byAgent.values()) {
      for (let i = 0; i < mine.length; i += 4) {
        const call = mine.slice(i, i + 4);
        assert.deepEqual(
          call.map(({ body }) => body.State),
          ["RINGING", "ANSWERED", "HANGUP", "TALKRESULT"],
        );
        assert.equal(new Set(call.map(({ body }) => body.callid)).size, 1);
        assert.equal(call[3]?.body.curDayCallCount?.auto, i / 4 + 1);
        const dial = states.get(call[0]?.body.callid);
        states.delete(call[0]?.body.callid);
        const at = (state: string) => dial?.find(({ body }) => body.state === state)?.index ?? Number.NaN;
        assert.ok(at("ANSWERED") < (call[0]?.index ?? 0) && (call[1]?.index ?? 0) < at("HANGUP"));
      }
    }
    for (const dial of states.values())
      assert.notEqual(dial.at(-2)?.body.state, "ANSWERED", "answered, without an agent");
  },

  "agents who are on the line never exceed the number of agents": ({ contacts, options }) => {
    let active = 0;
    for (const { body } of contacts) {
      if (body.state === "CALLING") active++;
      if (body.state === "HANGUP") active--;
      assert.ok(active <= options.agents);
    }
    assert.equal(active, 0);
  },

  "the totals of an agent are those of the calls so far": ({ agents }) => {
    for (const mine of groupBy(agents, ({ body }) => body.agentName).values()) {
      const results = mine.filter(({ body }) => body.State === "TALKRESULT");
      results.forEach(({ body }, i) => {
        const labels = results.slice(0, i + 1).map((each) => each.body.talkResultLabel);
        for (const { talkResult, count } of body.curDayTalkResults ?? []) {
          assert.equal(count, labels.filter((label) => label === talkResult).length);
        }
      });
    }
  },

  "call.completed is consistent: times, dials, ring type and transcript": (campaign) => {
    for (const { atMs, body } of campaign.completed) {
      const outcome = outcomeOf(campaign, body.CalleeNumber);
      assert.equal(body.RingType, MEANING[outcome][0]);
      assert.equal(isAnswered(body) === true, outcome === "answered");
      assert.equal(transcript(body).length > 0, outcome === "answered");
      const { start, end, redials } = callTimes(body, { zone: "+07:00" });
      assert.equal(start !== undefined, outcome === "answered");
      const times = [...redials, ...(start && end ? [start, end] : []), new Date(campaign.startMs + atMs)];
      for (const [i, time] of times.entries()) {
        assert.ok(time && time >= (times[i - 1] ?? 0), `${body.CaseID}: time ${i}`);
      }
      assert.equal(body.CallTimes, redials.length + 1);
      assert.ok(redials.length <= campaign.options.maxRedials);
      if (outcome !== "answered") assert.equal(redials.length, campaign.options.maxRedials);
      const last = transcript(body).at(-1)?.at ?? 0;
      if (start && end)
        assert.ok(last * 1_000 <= end.getTime() - start.getTime(), "the transcript is longer than the call");
    }
  },

  "outcomes are in proportion to their weights": (campaign) => {
    const { contacts, mix } = campaign.options;
    const found = groupBy(campaign.completed, ({ body }) => outcomeOf(campaign, body.CalleeNumber));
    assert.deepEqual(
      OUTCOME_NAMES.map((name) => found.get(name)?.length ?? 0),
      largestRemainder(
        contacts,
        OUTCOME_NAMES.map((name) => mix[name] ?? 0),
      ),
    );
  },

  "every phone number is reserved for drama, and each contact has its own": ({ completed, pushes, options }) => {
    for (const { body } of pushes) {
      for (const [, phone = ""] of body.toString().matchAll(/"(\+\d[^"]*)"/g)) assert.match(phone, RESERVED);
    }
    assert.equal(new Set(completed.map(({ body }) => body.CalleeNumber)).size, options.contacts);
  },

  "each call has an id of its own": ({ completed, contacts }) => {
    const ids = [
      ...completed.flatMap(({ body }) => [body.CallID, ...(body.RedailCall ?? []).map((redial) => redial.CallID)]),
      ...dialsOf(contacts).map((dial) => dial[0]?.body.callid),
    ];
    for (const id of ids) assert.match(id ?? "", /^[0-9a-f]{32}$/);
    assert.equal(new Set(ids).size, ids.length);
  },

  "the same seed gives the same bytes, another seed gives others, and the key changes only Sign": (campaign) => {
    const { options } = campaign;
    const text = ({ pushes }: Campaign) => pushes.map(({ atMs, body }) => `${atMs} ${body}`).join("\n");
    assert.equal(text(makeCampaign(options)), text(campaign));
    const other = makeCampaign({ ...options, seed: options.seed === 0 ? 1 : options.seed - 1 });
    assert.notEqual(text(other), text(campaign));
    const unsigned = (each: Campaign) => text(each).replaceAll(/"Sign":"[0-9a-f]{32}"/g, "");
    assert.equal(unsigned(makeCampaign({ ...options, key: `${options.key}!` })), unsigned(campaign));
  },

  "the summary counts what is generated": ({ options, pushes, contacts, completed }) => {
    const summary = campaignSummary(options);
    const byType = groupBy(pushes, ({ type }) => type);
    assert.equal(summary.pushes, pushes.length);
    assert.deepEqual(summary.pushesByType, Object.fromEntries([...byType].map(([type, list]) => [type, list.length])));
    assert.equal(summary.durationMs, pushes.at(-1)?.atMs);
    assert.equal(summary.contacts, options.contacts);
    const redials = completed.reduce((sum, { body }) => sum + (body.RedailCall?.length ?? 0), 0);
    assert.equal(summary.redials, redials + dialsOf(contacts).length - options.contacts);
    assert.equal(summary.outcomes.answered, completed.filter(({ body }) => isAnswered(body) === true).length);
  },
};

/** Distributes seats over weights, with exact arithmetic. */
export function largestRemainder(seats: number, weights: readonly number[]): number[] {
  const total = BigInt(weights.reduce((sum, weight) => sum + weight, 0));
  const products = weights.map((weight) => BigInt(seats) * BigInt(weight));
  const counts = products.map((product) => Number(product / total));
  const order = products.map((product, i) => ({ i, remainder: product % total }));
  order.sort((a, b) => (a.remainder === b.remainder ? a.i - b.i : a.remainder < b.remainder ? 1 : -1));
  const rest = seats - counts.reduce((sum, count) => sum + count, 0);
  for (const { i } of order.slice(0, rest)) counts[i] = (counts[i] as number) + 1;
  return counts;
}
