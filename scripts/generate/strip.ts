/**
 * Removes the error objects from Ajv's standalone code. The middleware needs only `true` or `false`, and a validator without errors is a
 * fifth of the size. This is correct for fail-fast code without combinators, where `return false` follows every error.
 *
 * @throws if a part of the error handling remains, for example because a new version of Ajv writes other code
 */
export function stripErrors(code: string): string {
  const sets = new Map<string, string>();
  const withoutErrors = dropSchemas(code, sets)
    .replace(/^"use strict";\n/, "")
    .replace(/^(function validate\d+)\(data, \{.*\}=\{\}\)\{$/gm, "$1(data){")
    .replace(
      /^if\(!\((validate\d+)\((.+), \{instancePath:.*\}\)\)\)\{\nvErrors = .*\nerrors = .*\n\}\n/gm,
      "if(!$1($2)) return false;\n",
    )
    .replace(
      /^(?:validate\d+\.errors = .*|let vErrors = null;|let errors = 0;|const _errs\d+ = errors;|let missing\d+;)\n/gm,
      "",
    )
    .replace(/^if\(!valid\d+\)\{\nbreak;\n\}\n/gm, "")
    .replace(/^var valid\d+ = .*;\n/gm, "")
    .replace(/^if\((?:errors === (?:0|_errs\d+)|_errs\d+ === errors|valid\d+)\)\{$/gm, "{")
    .replace(/ && \(missing\d+ = "(?:[^"\\]|\\.)*"\)/g, "")
    .replace(/^return errors === 0;$/gm, "return true;")
    .replace(/^return false;\nbreak;\n/gm, "return false;\n");
  const stripped = flatten(withoutErrors).replace(/^else \{\n\}\n/gm, "");
  const leftover = /\b(?:vErrors|errors|_errs\d+|valid\d+|missing\d+|schema\d+|func\d+|instancePath|require)\b/.exec(
    withoutNames(stripped),
  );
  if (leftover)
    throw new Error(
      `scripts/generate/strip.ts does not know the code that Ajv wrote around "${leftover[0]}": adapt it to the installed version of Ajv`,
    );
  const known = [...sets].map(([names, ident]) => `const ${ident} = /* @__PURE__ */ new Set(${names});\n`);
  return known.join("") + stripped;
}

/** Removes the braces of blocks without a condition. Ajv declares no name twice in a function, so names cannot collide. */
function flatten(code: string): string {
  const isBareBlock: boolean[] = [];
  const kept = code.split("\n").filter((line) => {
    if (line === "}") return !isBareBlock.pop();
    if (line.endsWith("{")) return !isBareBlock[isBareBlock.push(line === "{") - 1];
    return true;
  });
  return kept.join("\n");
}

/** Ajv looks up long lists of properties in copies of the schemas. Replaces these copies with sets of the names. */
function dropSchemas(code: string, sets: Map<string, string>): string {
  const schemas = new Map<string, unknown>();
  return code
    .replace(/^const (schema\d+) = (.*);$\n/gm, (_, name: string, json: string) => {
      schemas.set(name, JSON.parse(json));
      return "";
    })
    .replace(/^const func\d+ = Object\.prototype\.hasOwnProperty;\n/gm, "")
    .replace(
      /func\d+\.call\((schema\d+)((?:\.\w+|\["(?:[^"\\]|\\.)*"\])*), (key\d+)\)/g,
      (_, name: string, path: string, key: string) => {
        const names = JSON.stringify(Object.keys(follow(schemas.get(name), path)));
        const ident = sets.get(names) ?? `known${sets.size}`;
        sets.set(names, ident);
        return `${ident}.has(${key})`;
      },
    );
}

function follow(schema: unknown, path: string): object {
  let value = schema as Record<string, unknown>;
  for (const [, name, quoted] of path.matchAll(/\.(\w+)|\[("(?:[^"\\]|\\.)*")\]/g)) {
    value = value[name ?? (JSON.parse(quoted as string) as string)] as Record<string, unknown>;
  }
  return value;
}

/** Blanks strings and property names, because these come from the schemas. */
function withoutNames(code: string): string {
  return code.replace(/"(?:[^"\\]|\\.)*"/g, '""').replace(/\.\w+/g, "");
}
