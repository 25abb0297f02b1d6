/**
 * Variables that coding assistants set for the commands they run. An assistant cannot press keys, and a row that is redrawn fills its context
 * with escape sequences. Variables that an editor also sets for the user's own terminal, such as CURSOR_TRACE_ID, are not in the list.
 */
const ASSISTANT_VARIABLES = [
  "AI_AGENT",
  "AIDER",
  "AMP_CURRENT_THREAD_ID",
  "ANTIGRAVITY_AGENT",
  "AUGMENT_AGENT",
  "CLAUDECODE",
  "CLAUDE_CODE",
  "CLINE_ACTIVE",
  "CODEX_CI",
  "CODEX_SANDBOX",
  "CODEX_THREAD_ID",
  "COPILOT_AGENT",
  "COPILOT_CLI",
  "CURSOR_AGENT",
  "GEMINI_CLI",
  "GOOSE_TERMINAL",
  "OPENCODE",
  "OPENCODE_CLIENT",
  "QWEN_CODE",
];

/** Values of the variable `AGENT` that coding assistants set. Other programs use it for other purposes. */
const AGENT_NAMES: readonly (string | undefined)[] = ["amp", "goose"];

/** Whether `listen` shows its last row and reads keys: a person sits at a terminal that can redraw a line. */
export function isInteractive(
  input: { isTTY?: boolean },
  output: { isTerminal: boolean },
  env: NodeJS.ProcessEnv,
): boolean {
  if (input.isTTY !== true || !output.isTerminal) return false;
  return !isSet(env.CI) && !ASSISTANT_VARIABLES.some((name) => isSet(env[name])) && !AGENT_NAMES.includes(env.AGENT);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && !["", "0", "false"].includes(value.toLowerCase());
}
