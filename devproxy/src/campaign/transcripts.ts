/** What the robot and a contact say. */
export interface Dialogue {
  /** Intention label of the robot. */
  readonly intention: string;
  readonly description: string;
  /** The robot's words, then the contact's reply. */
  readonly rounds: readonly (readonly [robot: string, contact: string])[];
}

const GREETING = "Hello, this is a test call of the Example Shop. Do you have a minute?";

/** The dialogues of answered calls. Companies, people and labels are fictitious. */
export const DIALOGUES: readonly Dialogue[] = [
  {
    intention: "A",
    description: "Agrees to a call from an agent",
    rounds: [
      [GREETING, "Yes, go ahead."],
      ["Your example order is ready. May an agent call you about it?", "Yes, please."],
    ],
  },
  {
    intention: "A",
    description: "Agrees to a call from an agent",
    rounds: [
      [GREETING, "Who is calling?"],
      ["The Example Shop, about your example order.", "I see. Yes, I have a minute."],
      ["May an agent call you about it?", "All right, call me today."],
    ],
  },
  {
    intention: "B",
    description: "Is not sure",
    rounds: [
      [GREETING, "Not really."],
      ["May an agent call you later?", "Maybe. You can try."],
    ],
  },
  {
    intention: "C",
    description: "Has a question",
    rounds: [
      [GREETING, "What is it about?"],
      ["Your example order.", "When will it arrive?"],
      ["An agent can tell you. May an agent call you?", "Yes."],
      ["Thank you. Goodbye.", "Goodbye."],
    ],
  },
];

/** Seconds of one round. */
export const ROUND_SECONDS = 8;
/** When the contact speaks, in seconds after the robot. */
const REPLY_SECONDS = 4;

interface AsrTurn {
  time: string;
  robottext: string;
  text: string;
}

/** The transcript, one element for each turn. */
export function asrResult({ rounds }: Dialogue): AsrTurn[] {
  return rounds.flatMap(([robot, contact], i) => [
    { time: offset(i * ROUND_SECONDS), robottext: robot, text: "" },
    { time: offset(i * ROUND_SECONDS + REPLY_SECONDS), robottext: "", text: contact },
  ]);
}

/** `HH:MM:SS`; less than a day. */
function offset(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().slice(11, 19);
}
