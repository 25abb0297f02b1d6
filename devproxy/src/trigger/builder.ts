import { describePush } from "airudder-webhooks/inspect";
import type { Content } from "airudder-webhooks/journal";
import { type Edit, type Edits, editContent, isSigned, type Scheduled, setsField } from "../replay/index.js";
import { newIdEdits, type PushSource, testHeaders } from "./source.js";
import type { TestPush } from "./test-push.js";
import { typedEdit } from "./typed-edit.js";

/** Options of {@link PushBuilder}. */
export interface BuildOptions {
  /** Edits of each push, in order. Default: none. */
  set?: readonly Edit[] | undefined;
  /** Signs each push that carries a `Sign`. */
  key?: string | undefined;
  /** Without `key`, signs the pushes that get another `TaskID`. Default: the vendor's published key. */
  agreedKey?: string | undefined;
  /** The same seed produces the same ids. Default: random ids. */
  seed?: number | undefined;
}

/** Builds the test pushes of a command. {@link replaceFirst} replaces the first one, after the user has edited it. */
export class PushBuilder {
  /** The headers and the body of the first push. */
  first: Content;

  readonly #source: PushSource;
  readonly #options: BuildOptions;
  readonly #set: readonly Edit[];

  /** @throws DevproxyError `usage`, if an edit does not fit the schema or the body */
  constructor(source: PushSource, options: BuildOptions = {}) {
    this.#source = source;
    this.#options = options;
    const { payload } = describePush(source.content.body, source.content.headers);
    this.#set = (options.set ?? []).map((edit) => typedEdit(edit, source.schema, payload));
    const newIds = source.newIds && !source.isNew ? newIdEdits(source.content, source, options.seed) : [];
    this.first = this.#edit(source.content, newIds);
  }

  /**
   * Replaces the body of the first push with the one that the user edited. Signs it again if its `TaskID` changed and its
   * `Sign` did not.
   */
  replaceFirst(body: Buffer): void {
    const { first } = this;
    const [before = {}, after = {}] = [first.body, body].map((one) => describePush(one, first.headers).payload) as {
      TaskID?: unknown;
      Sign?: unknown;
    }[];
    this.first = { headers: first.headers, body };
    if (!isSigned(after) || after.TaskID === before.TaskID || after.Sign !== before.Sign) return;
    const { key, agreedKey } = this.#options;
    const taskId: Edit = { path: "TaskID", steps: ["TaskID"], value: JSON.stringify(after.TaskID), isJson: true };
    this.first = editContent(this.#source.name, this.first, { set: [taskId], key, agreedKey });
  }

  /**
   * The pushes. Each push after the first gets new ids if the source sets `newIds`.
   * @param rate pushes per second. Default: as fast as the responses arrive
   */
  *pushes(count: number, rate?: number): Generator<Scheduled<TestPush>> {
    for (let i = 0; i < count; i++) {
      const { body, headers } = i === 0 ? this.first : this.#next(i);
      const { type, query } = this.#source;
      yield {
        item: { type, headers: testHeaders(headers), body, query },
        ...(rate === undefined ? {} : { dueMs: (i * 1_000) / rate }),
      };
    }
  }

  #next(index: number): Content {
    if (!this.#source.newIds) return this.first;
    return this.#edit(this.first, newIdEdits(this.first, this.#source, seedOf(this.#options.seed, index)));
  }

  #edit(content: Content, newIds: readonly Edit[]): Content {
    const { key, agreedKey } = this.#options;
    const edits: Edits = { set: [...newIds, ...this.#set], key, agreedKey };
    return editContent(this.#source.name, content, edits);
  }

  /** Whether `--set` sets this top-level field. */
  sets(name: string): boolean {
    return setsField({ set: this.#set, key: undefined }, name);
  }
}

/** The seed of the ids of a push. */
function seedOf(seed: number | undefined, index: number): number | undefined {
  if (seed === undefined) return undefined;
  const upperBits = seed - (seed % 2 ** 32);
  return upperBits + ((Math.imul(seed + 1, 0x9e3779b1) + index) >>> 0);
}
