import assert from "node:assert/strict";
import { TunnelError, type TunnelErrorCode } from "../../../devproxy/src/tunnel/index.js";

/** Checks an error for `assert.rejects`: its code, and that its message matches and is one line. */
export function isTunnelError(code: TunnelErrorCode, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof TunnelError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  };
}
