import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { airudder, DEFAULT_KEY, type Drift, identify, type PushType } from "airudder-webhooks";
import { catalogue } from "airudder-webhooks/inspect";
import { type Field, fieldsOf } from "../../scripts/generate/fields.js";
import { type Fault, faults, faulty, fullPayload, type Payload } from "../../scripts/generate/full-payload.js";
import { label } from "../../scripts/generate/pages.js";
import type { PushFile } from "../../scripts/generate/schema.js";
import { webRequest } from "../helpers/push.js";
import { pushes, sampleText, schemasDir } from "./pushes.js";

const TYPES = [...new Set(catalogue.map(({ type }) => type)), "unknown"] as const satisfies readonly PushType[];

interface Result {
  status: number;
  /** The type that a handler saw. */
  type?: string;
  quarantined: boolean;
  drift: readonly Drift[];
}

/** A receiver in direct mode that records which of its handlers received a push. */
function mount(options: { type?: PushType; verify?: "off" }): (payload: object) => Promise<Result> {
  const receiver = airudder({ key: DEFAULT_KEY, duplicateWindowMs: 0, ...options });
  let seen: Omit<Result, "status"> = { quarantined: false, drift: [] };
  for (const type of TYPES)
    receiver.on(type, (push) => {
      seen = { type: push.type, quarantined: false, drift: push.drift };
    });
  receiver.on("quarantined", ({ type, drift }) => {
    seen = { type, quarantined: true, drift };
  });
  return async (payload) => {
    seen = { quarantined: false, drift: [] };
    const { status } = await receiver.fetch(webRequest(payload));
    return { status, ...seen };
  };
}

/** The last four cells of each table row that a page has for a form, by the first cell. */
function cellsOf(file: PushFile): Map<string, Record<Fault, string>> {
  const page = readFileSync(join(schemasDir, "pages", `${file.push.type}.md`), "utf8");
  const tables = page.split(/^\| Field .*\n.*\n/m).slice(1);
  const forms = pushes.filter(({ push }) => push.type === file.push.type);
  const rows = (tables[forms.indexOf(file)] ?? "")
    .split("\n")
    .filter((_, i, lines) => !lines.slice(0, i + 1).includes(""));
  return new Map(
    rows.map((row) => {
      const cells = row.split(/(?<!\\)\|/).map((text) => text.trim());
      const [missing, nothing, type, value] = cells.slice(-5, -1) as [string, string, string, string];
      return [cells[1] ?? "", { missing, null: nothing, "other type": type, "other value": value }];
    }),
  );
}

/** The documented results: `a / b or c` means a or c for a mount without a stated type, b or c for one with it. */
function documented(cell: string, isTyped: boolean): string[] {
  const results = cell.split(" or ").map((one) => {
    const [untyped = "", typed = untyped] = one.split(" / ");
    return isTyped ? typed : untyped;
  });
  return [...new Set(results)].sort();
}

function resultText({ status, type, quarantined, drift }: Result, expectedType: string): string {
  if (status !== 200) return String(status);
  if (type !== expectedType) return quarantined ? `${type} in quarantine` : String(type);
  if (quarantined) return "quarantine";
  return drift.length > 0 ? "drift" : "-";
}

const KINDS = {
  missing: "missing_field",
  null: "wrong_type",
  "other type": "wrong_type",
  "other value": "unknown_value",
};

function expectedDrift(field: Field, fault: Fault): { path: string; kind: string } {
  const kind = field.kind === "other" ? "unknown_field" : KINDS[fault];
  return { path: `/${field.steps.join("/")}`, kind };
}

for (const file of pushes) {
  const { type } = file.push as { type: PushType };
  const mounts = [
    { name: "a mount that states the type", isTyped: true, options: { type } },
    ...(file.push.identify.length > 0
      ? [{ name: "a mount that identifies by shape", isTyped: false, options: {} }]
      : []),
  ];
  const cells = cellsOf(file);
  const fields = fieldsOf(file.schema);

  test(`${file.name}: the page has a row for every field, item, arbitrary key and other field`, () => {
    const isShown = Object.keys(file.schema.properties ?? {}).length > 0;
    assert.deepEqual([...cells.keys()], isShown ? fields.map(label) : []);
  });

  for (const { name, isTyped, options } of mounts) {
    const checked = mount(options);
    const unchecked = mount({ ...options, verify: "off" });

    test(`${file.name}: ${name} accepts a payload with every field, without drift`, async () => {
      const { status, type: seen, quarantined, drift } = await checked(fullPayload(file.schema));
      assert.deepEqual(
        { status, seen, quarantined, drift },
        { status: 200, seen: type, quarantined: false, drift: [] },
      );
    });

    for (const field of fields.filter((each) => cells.has(label(each)))) {
      test(`${file.name}, ${label(field)}: ${name} behaves as the page says`, async () => {
        for (const fault of faults) {
          const results = new Set<string>();
          const observe = async (payload: Payload, send: typeof checked): Promise<string> => {
            const result = await send(payload);
            const text = resultText(result, type);
            const drift = result.drift.map(({ path, kind }) => ({ path, kind }));
            if (text === "drift" || text === "quarantine") assert.deepEqual(drift, [expectedDrift(field, fault)]);
            else assert.deepEqual(drift, []);
            return text;
          };
          for (const payload of faulty(file.schema, field, fault)) {
            const text = await observe(payload, checked);
            results.add(text === "401" ? `401 (${await observe(payload, unchecked)})` : text);
          }
          const expected = documented(cells.get(label(field))?.[fault] ?? "", isTyped);
          assert.deepEqual(results.size > 0 ? [...results].sort() : ["-"], expected, fault);
        }
      });
    }
  }

  test(`${file.name}: every documented value is accepted without drift`, () => {
    const entry = catalogue.find((candidate) => candidate.name === file.name);
    for (const field of fields) {
      for (const value of field.node.enum ?? []) {
        const payload = fullPayload(file.schema);
        const holder = field.steps
          .slice(0, -1)
          .reduce<unknown>((at, step) => (at as Payload)[step], payload) as Payload;
        holder[field.steps.at(-1) as string] = value;
        assert.equal(entry?.strict(payload), true, `${field.path}: ${value}`);
      }
    }
  });
}

for (const file of pushes.filter(({ push }) => push.identify.length === 0)) {
  test(`${file.name}: the page says how a mount without a type identifies it`, async () => {
    const page = readFileSync(join(schemasDir, "pages", `${file.push.type}.md`), "utf8");
    const [, taken] = /On a mount without `type`, such a push is identified as `([^`]+)`/.exec(page) ?? [];
    const send = mount({});
    for (const sample of file.samples) {
      const payload = JSON.parse(sampleText(sample)) as object;
      assert.equal(identify(payload), taken);
      const { status, type } = await send(payload);
      assert.deepEqual([status, type], [200, taken]);
    }
  });
}

const provenances = ["documented", "observed", "inferred", "unknown"];
for (const file of pushes.filter(({ schema }) => schema["x-provenance"] !== "unknown")) {
  test(`${file.name}: no field is more reliable than its parent`, () => {
    const rows = fieldsOf(file.schema);
    for (const row of rows) {
      const parent = rows.findLast(
        ({ steps }) => steps.length < row.steps.length && steps.every((step, i) => step === row.steps[i]),
      );
      const above = parent?.provenance ?? file.schema["x-provenance"];
      assert.ok(provenances.indexOf(row.provenance) >= provenances.indexOf(above), `${row.path}: ${row.provenance}`);
    }
  });
}

test("fields that occur only in the vendor's example are observed, not documented", () => {
  const page = readFileSync(join(schemasDir, "pages/call.completed.md"), "utf8");
  for (const path of [
    "AsrResult[]",
    "AsrResult[].time",
    "RedailCall[]",
    "RedailCall[].RingType",
    "RedailCall[].HangupType",
    "Variables.*",
  ]) {
    const row = page.split("\n").find((line) => line.startsWith(`| \`Details[].${path}\` `));
    assert.match(row ?? "", /\| observed +\|/, path);
  }
});

test("a meaning that the vendor does not state is marked as ours", () => {
  const rowOf = (type: string, path: string): string =>
    readFileSync(join(schemasDir, "pages", `${type}.md`), "utf8")
      .split("\n")
      .find((line) => line.startsWith(`| \`${path}\` `)) ?? "";
  for (const [type, path] of [
    ["chatbot.session.ended", "wfdetail_uuid"],
    ["chatbot.session.ended", "channel_id"],
    ["call.completed", "Details[].Comments"],
    ["workflow.status", "status"],
  ] as const) {
    assert.match(rowOf(type, path), /\| documented, meaning ours +\|/, path);
  }
  assert.match(rowOf("call.completed", "Details[].CallStartTime"), /\| documented +\|/);
});
