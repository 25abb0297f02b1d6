import { Ajv } from "ajv";
import { AirudderError } from "../../middleware/src/errors.js";
import { authenticate } from "../../middleware/src/push/authenticate.js";
import { DEFAULT_KEY } from "../../middleware/src/push/sign.js";
import type { Field } from "./fields.js";
import { type Fault, faulty, type Payload } from "./full-payload.js";
import { pushFinder } from "./identify.js";
import type { PushFile } from "./schema.js";
import { ajvOptions, strictSchema, tolerantSchema } from "./validators.js";

/** What the middleware does with a payload. `-`: handled without drift. Any other word: the type that the payload is identified as. */
export type PredictedResult = "-" | "drift" | "quarantine" | "unknown" | "401" | (string & {});

interface Mount {
  /** The type that the mount states. Default: identified by shape. */
  readonly type?: string;
  readonly verify: "required" | "off";
}

/** Predicts results from the middleware's rules for types and signatures, and from both validators. */
export class ResultPredictor {
  readonly #find: (payload: object, type?: string) => PushFile | undefined;
  readonly #validators = new Map<
    PushFile,
    { strict: (data: unknown) => boolean; tolerant: (data: unknown) => boolean }
  >();

  constructor(pushes: readonly PushFile[]) {
    this.#find = pushFinder(pushes);
    const ajv = new Ajv(ajvOptions);
    for (const push of pushes) {
      const strict = ajv.compile(strictSchema(push.schema));
      this.#validators.set(push, { strict, tolerant: ajv.compile(tolerantSchema(push.schema)) });
    }
  }

  /** The type of a payload on a mount that states none. */
  typeOf(payload: object): string {
    return this.#find(payload)?.push.type ?? "unknown";
  }

  /**
   * The text of a page's cell for one fault of one field.
   *
   * - `untyped / typed` if a mount that states the type has another result
   * - `401 (…)` with the result of `verify: "off"` in parentheses
   * - several results joined by "or" if they depend on the value
   */
  cell(file: PushFile, field: Field, fault: Fault): string {
    const cells = faulty(file.schema, field, fault).map((payload) => {
      const typed = this.#resultText(file, payload, file.push.type);
      const untyped = file.push.identify.length === 0 ? typed : this.#resultText(file, payload);
      return untyped === typed ? typed : `${untyped} / ${typed}`;
    });
    return [...new Set(cells)].join(" or ") || "-";
  }

  /** The result; for `401`, also the one without the signature check. */
  #resultText(file: PushFile, payload: Payload, type?: string): string {
    const stated = type === undefined ? {} : { type };
    const result = this.#result(file, payload, { ...stated, verify: "required" });
    return result === "401" ? `401 (${this.#result(file, payload, { ...stated, verify: "off" })})` : result;
  }

  #result(file: PushFile, payload: Payload, { type, verify }: Mount): PredictedResult {
    const found = this.#find(payload, type);
    if (found === undefined) return "unknown";
    try {
      const received = { headers: {}, raw: Buffer.alloc(0), reserialised: false };
      authenticate(found.push, payload, received, { keys: [DEFAULT_KEY], verify, verifyHeaderSign: undefined });
    } catch (error) {
      if (error instanceof AirudderError) return String(error.status);
      throw error;
    }
    if (found.push.type !== file.push.type) return found.push.type;
    const validators = this.#validators.get(found);
    if (validators?.strict(payload)) return "-";
    return validators?.tolerant(payload) ? "drift" : "quarantine";
  }
}
