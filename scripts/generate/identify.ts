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

/** Whether every payload that matches `narrow` also matches `wide`. */
export function implies(narrow: Rule, wide: Rule): boolean {
  return Object.entries(wide).every(([pointer, condition]) => {
    const narrower = narrow[pointer];
    if (narrower === undefined) return false;
    return (condition === "present" && narrower !== "absent") || JSON.stringify(narrower) === JSON.stringify(condition);
  });
}
