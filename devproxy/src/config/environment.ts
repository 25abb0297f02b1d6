import { usageError } from "../errors.js";
import { readProjectConfig } from "./project.js";
import { parseTarget } from "./values.js";

const VARIABLES = ["AIRUDDER_KEY", "AIRUDDER_TOKEN", "AIRUDDER_TARGET", "AIRUDDER_JOURNAL"];

/** Removes empty variables from the environment, so that they count as not set. Call it before parsing the flags. */
export function unsetEmptyVariables(): void {
  for (const name of VARIABLES) if (process.env[name] === "") delete process.env[name];
}

/**
 * The token that the app requires of each push; `undefined` if AIRUDDER_TOKEN is not set.
 * @throws DevproxyError `usage`
 */
export function tokenFromEnvironment(): string | undefined {
  const token = process.env.AIRUDDER_TOKEN;
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token;
  const advice = "Put it into --target, as in ...?token=SECRET, encoded with encodeURIComponent.";
  throw usageError(`AIRUDDER_TOKEN contains characters that a header must not contain. ${advice}`);
}

/**
 * The target that AIRUDDER_TARGET or the project's config file sets; `undefined` if neither does.
 * @throws DevproxyError `usage`, `project_config`
 */
export function configuredTarget(): URL | undefined {
  const variable = process.env.AIRUDDER_TARGET;
  if (variable !== undefined) return parseTarget(variable, "AIRUDDER_TARGET");
  const target = readProjectConfig()?.options.target;
  return target === undefined ? undefined : parseTarget(target);
}
