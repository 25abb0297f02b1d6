import { schemaFinder } from "../../middleware/src/push/rules.js";
import type { PushFile, Rule } from "./schema.js";

/** Finds the push file that a payload belongs to, by the rules that the middleware uses. */
export function pushFinder(pushes: readonly PushFile[]): (payload: object, type?: string) => PushFile | undefined {
  const find = schemaFinder(pushes.map((file) => ({ ...file.push, file })));
  return (payload, type) => find(payload, type)?.file;
}

/** The types (not the forms) of which an `identify` rule matches the payload. */
export function typesMatching(pushes: readonly PushFile[], payload: object): string[] {
  const types = [...new Set(pushes.map(({ push }) => push.type))];
  return types.filter((type) => {
    const forms = pushes.filter(({ push }) => push.type === type);
    return schemaFinder(forms.map(({ push }) => ({ ...push, identifyPartial: [] })))(payload) !== undefined;
  });
}

/** Whether every payload that meets `narrow` must meet `wide` too. */
export function implies(narrow: Rule, wide: Rule): boolean {
  return Object.entries(wide).every(([pointer, condition]) => {
    const mine = narrow[pointer];
    if (mine === undefined) return false;
    return (condition === "present" && mine !== "absent") || JSON.stringify(mine) === JSON.stringify(condition);
  });
}
