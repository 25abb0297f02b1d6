import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type DriftSummary, type RecordedPush, type SchemaSource, summarizeDrift } from "airudder-devproxy";
import { loadPushes } from "../../../scripts/generate/load.js";
import { published } from "../../../scripts/generate/publish.js";
import { makeFolder } from "../../helpers/folder.js";
import { pushes, sampleText, schemasDir, strictAjv } from "../../schemas/pushes.js";
import { applyPatch } from "./json-patch.js";

/** A payload, and the name of the schema that it is compared with. */
export type Case = readonly [name: string, payload: unknown];

/** A sample's payload, to be broken in one place. */
// biome-ignore lint/suspicious/noExplicitAny: a payload is changed here in ways that no type would allow
export function payloadOf(sample: string): any {
  return JSON.parse(sampleText(`${sample}.json`));
}

/** A recorded push. `seq` is its label, and the minute of its time. */
export function pushOf(name: string, payload: unknown, seq = 1): RecordedPush {
  const type = pushes.find((push) => push.name === name)?.push.type as string;
  const at = new Date(Date.UTC(2026, 0, 31, 8, seq)).toISOString();
  return { label: `#${seq}`, at, type, headers: {}, body: Buffer.from(JSON.stringify(payload)) };
}

/** The schemas as they are published, in memory. */
export const publishedFiles = new Map(
  pushes.map((push) => [`airudder-webhooks/schemas/${push.name}.json`, JSON.stringify(published(push))]),
);

export const publishedSource: SchemaSource = {
  fileOf: (name) => `airudder-webhooks/schemas/${name}.json`,
  read: (file) => publishedFiles.get(file) as string,
};

/** Summarizes the drift of pushes from the published schemas. */
export function summarize(cases: readonly Case[], { reveal = false } = {}): Promise<DriftSummary> {
  const all = cases.map(([name, payload], i) => pushOf(name, payload, i + 1));
  return summarizeDrift(all, { schemas: publishedSource, reveal });
}

/** Whether every push matches its published schema after the patches of a summary are applied. */
export function passesPublished(cases: readonly Case[], { patches }: DriftSummary): boolean {
  return cases.every(([name, payload]) => {
    const file = publishedSource.fileOf(name);
    const operations = patches.find((patch) => patch.file === file)?.patch ?? [];
    const schema = applyPatch(JSON.parse(publishedFiles.get(file) as string), operations);
    return strictAjv().compile(schema)(payload);
  });
}

/** A copy of schemas/, which patches are applied to. */
export class SchemasCopy {
  readonly root: string;

  constructor(t: TestContext) {
    this.root = makeFolder(t);
    cpSync(schemasDir, join(this.root, "schemas"), { recursive: true });
  }

  readonly source: SchemaSource = {
    fileOf: (name) => `schemas/push/${name}.json`,
    read: (file) => readFileSync(join(this.root, file), "utf8"),
  };

  summarize(cases: readonly Case[], { reveal = false } = {}): Promise<DriftSummary> {
    const all = cases.map(([name, payload], i) => pushOf(name, payload, i + 1));
    return summarizeDrift(all, { schemas: this.source, reveal });
  }

  apply({ patches }: Pick<DriftSummary, "patches">): void {
    for (const { file, patch } of patches) {
      const schema = applyPatch(JSON.parse(this.source.read(file)), patch);
      writeFileSync(join(this.root, file), JSON.stringify(schema));
    }
  }

  /** Undoes what was applied. */
  restore({ patches }: DriftSummary): void {
    for (const { file } of patches) cpSync(join(schemasDir, "..", file), join(this.root, file));
  }

  /** Whether the schemas follow the conventions, and every push matches its schema. */
  passes(cases: readonly Case[]): boolean {
    const loaded = loadPushes(join(this.root, "schemas"));
    return cases.every(([name, payload]) => {
      const push = loaded.find((candidate) => candidate.name === name);
      return push !== undefined && strictAjv().compile(published(push))(payload);
    });
  }
}
