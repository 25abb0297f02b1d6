import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { type AirudderOptions, airudder, verifySign } from "airudder-webhooks";
import { describePush } from "airudder-webhooks/inspect";
import { connectControl } from "../../../devproxy/src/client/index.js";
import { atEnd } from "../../helpers/at-end.js";
import { startProxy, until } from "../../helpers/devproxy.js";
import { destinationOf, PushBuilder, parseTestType, sampleSource, TEST_TYPES, TestPushSender } from "./internals.js";

const KEY = "trigger-key";

test("every type passes its strict validator, its Sign verifies, and an app handles it", async (t) => {
  for (const name of TEST_TYPES) {
    const { type, schema } = parseTestType(name);
    await t.test(name, async (t) => {
      // The shape of some types is not known, so their mount states the type.
      const isIdentified = schema === undefined || schema.identify.length > 0;
      const options: AirudderOptions = { key: KEY, warnings: false, ...(isIdentified ? {} : { type: type as never }) };
      const seen: { type: string; id: string; verified: boolean; drift: number }[] = [];
      const receiver = airudder(options).on("*", ({ type, id, verified, drift }) => {
        seen.push({ type, id, verified, drift: drift.length });
      });
      const server = createServer(receiver as never);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      atEnd(t, async () => void server.close());
      const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const { proxy, dir } = await startProxy(t, { target, key: KEY });
      const destination = destinationOf(await connectControl(dir), { cause: "trigger", journal: dir });
      const sender = new TestPushSender(destination);
      atEnd(t, async () => sender.close());
      const builder = new PushBuilder(sampleSource({ type, schema }, { key: KEY }), { key: KEY });
      for (const { item: push } of builder.pushes(3)) {
        const { drift, quarantined, payload = {} } = describePush(push.body, push.headers, { type });
        assert.deepEqual([drift, quarantined], [[], false]);
        if ("Sign" in payload) assert.ok(verifySign(payload, KEY));
        const { status, result, recorded } = await sender.send(push);
        assert.deepEqual([status, result], [200, "handled"]);
        const row = proxy.store.index.byId(recorded?.id ?? "");
        assert.equal(row?.push.source, "trigger");
        await until(() => row?.deliveries.length === 1);
        assert.equal(row?.deliveries[0]?.head.cause, "trigger");
      }
      assert.equal(seen.length, 3);
      for (const push of seen)
        assert.deepEqual([push.type, push.drift, push.verified], [type, 0, schema?.sign === "Sign"]);
    });
  }
});
