import assert from "node:assert/strict";
import { test } from "node:test";
import type { Row } from "airudder-devproxy";
import type { DeliveryHead } from "airudder-webhooks/journal";
import { statusOf } from "../../../devproxy/src/journal/status.js";

function rowWith(deliveries: Partial<DeliveryHead>[], mark?: string): Row {
  const row = { push: { source: "tunnel" }, deliveries: deliveries.map((head) => ({ head })) } as Row;
  return mark === undefined ? row : ({ ...row, mark: { state: mark } } as Row);
}

const live = (result: string): Partial<DeliveryHead> => ({ status: 200, result, cause: "live" });
const replayOf = (status: number, result: string): Partial<DeliveryHead> => ({ status, result, cause: "replay" });

const cases: [string, Row, string][] = [
  ["200", rowWith([{ status: 200 }]), "accepted"],
  ["200, handled", rowWith([{ status: 200, result: "handled" }]), "handled"],
  ["200, ignored", rowWith([{ status: 200, result: "ignored" }]), "ignored"],
  ["200, quarantined", rowWith([{ status: 200, result: "quarantined" }]), "quarantined"],
  ["200, stored", rowWith([{ status: 200, result: "stored" }]), "stored"],
  ["200, a duplicate", rowWith([{ status: 200, result: "duplicate" }]), "accepted"],
  ["200, a result of a newer version", rowWith([{ status: 200, result: "postponed" }]), "accepted"],
  ["500, failed", rowWith([{ status: 500, result: "failed" }]), "failed"],
  ["503, still running", rowWith([{ status: 503, result: "running" }]), "failed"],
  ["401, rejected", rowWith([{ status: 401, result: "rejected" }]), "failed"],
  ["stored, then a replay that fails", rowWith([live("stored"), replayOf(500, "failed")]), "failed"],
  ["stored, then a replay that is handled", rowWith([live("stored"), replayOf(200, "handled")]), "handled"],
  ["handled, then a replay that is rejected", rowWith([live("handled"), replayOf(403, "rejected")]), "handled"],
  ["failed, then a replay taken for a duplicate", rowWith([live("failed"), replayOf(200, "duplicate")]), "failed"],
  ["204, after which Airudder sends it again", rowWith([{ status: 204 }]), "failed"],
  ["500", rowWith([{ status: 500 }]), "failed"],
  ["500, then 200", rowWith([{ status: 500 }, { status: 200 }]), "accepted"],
  ["no response", rowWith([{ error: "connection refused" }]), "undelivered"],
  ["a broken response", rowWith([{ error: "not HTTP" }], "given_up"), "undelivered"],
  ["200, then no response", rowWith([{ status: 200 }, { error: "connection refused" }]), "accepted"],
  ["500, then no response", rowWith([{ status: 500 }, { error: "connection refused" }]), "failed"],
  ["a broken response, then 200", rowWith([{ error: "not HTTP" }, { status: 200 }], "given_up"), "accepted"],
  ["200, then 500 elsewhere", rowWith([{ status: 200 }, { status: 500, aside: "elsewhere" }]), "accepted"],
  ["200, then stopped", rowWith([{ status: 200 }, { error: "stopped", aside: "stopped" }]), "accepted"],
  ["200, but only to an edited replay", rowWith([{ status: 200, aside: "edited" }]), "undelivered"],
];

for (const [name, row, expected] of cases) {
  test(`${name}: ${expected}`, () => assert.equal(statusOf(row), expected));
}
