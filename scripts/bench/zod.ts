import { z } from "zod";

const text = z.string();
const free = z.record(z.string(), z.string());
const ringType = z
  .enum([
    "busy",
    "cantuse",
    "holdline",
    "switchoff",
    "outofarea",
    "unregister",
    "wrongnum",
    "notmatch",
    "normal",
    "null",
    "",
  ])
  .nullable();
const hangupType = z.enum(["ByCallee", "ByRobot", "Canceled"]);

const redial = z.strictObject({
  CallID: text.optional(),
  CallStartTime: text.optional(),
  RingType: ringType.optional(),
  RingTime: z.int().optional(),
  HangupType: hangupType.optional(),
  ResultLabel: text.optional(),
  callee_number: text.optional(),
  caller_number: text.optional(),
});

const turn = z.strictObject({ time: text.optional(), robottext: text.optional(), text: text.optional() });

const detail = z.strictObject({
  id: z.int(),
  RobotID: text,
  CalleeName: text,
  CalleeGender: text,
  CalleeNumber: text,
  CallStartTime: text,
  CallEndTime: text,
  Status: z.enum(["created", "pending", "finished", "cancelled", "failed"]),
  Intention: text,
  CallID: text,
  CallTimes: z.int(),
  Comments: text,
  BorrowedDate: text.optional(),
  DueDate: text.optional(),
  BorrowedAmount: text.optional(),
  TotalOwingAmount: text.optional(),
  CurrencyUnit: text.optional(),
  PlatformName: text,
  RingType: ringType,
  HangupType: hangupType,
  ExtraA: text.optional(),
  ExtraB: text.optional(),
  ExtraC: text.optional(),
  AsrResult: z.array(turn).optional(),
  AsrPTP: text.optional(),
  EventLabel: free.optional(),
  CaseID: text,
  Variables: free,
  RingTime: z.int().optional(),
  TalkRound: z.int().optional(),
  RedailCall: z.array(redial).optional(),
  NerSlots: free.optional(),
  intention_description: text.optional(),
  caller_number: text.optional(),
});

/** The equivalent of `schemas/push/call.completed.json`, only for the benchmark. */
export const callCompleted = z.strictObject({
  workflow_id: text,
  workflow_name: text,
  nodetask_id: text,
  nodetask_name: text,
  TaskID: text,
  TaskName: text,
  Sign: text,
  Details: z.array(detail),
});
