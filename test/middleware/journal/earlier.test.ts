import assert from "node:assert/strict";
import { cpSync, readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { airudder, fileInbox, type Push } from "airudder-webhooks";
import { type Damage, type MarkHead, openJournal, type PushHead } from "airudder-webhooks/journal";
import { makeFolder } from "../../helpers/folder.js";
import { type agentStatus, KEY } from "../../helpers/push.js";
import { until } from "../../helpers/until.js";

const folders = fileURLToPath(new URL("../../fixtures/inbox-c045868", import.meta.url));

/** A copy of a folder that version c045868 wrote: `closed`, or `killed` with its lock and an incomplete line. */
function copyOf(t: TestContext, name: string): string {
  const dir = join(makeFolder(t), name);
  cpSync(join(folders, name), dir, { recursive: true });
  // Its owner is on another machine, and has not touched its lock for a long time.
  if (name === "killed") utimesSync(join(dir, "lock"), new Date(0), new Date(0));
  return dir;
}

/** The agent that a push is about. Its name says what happened to the push. */
const nameOf = ({ subject = "" }: Pick<PushHead, "subject">): string => subject.split("|")[1] ?? "";

const expected = {
  closed: {
    pushes: [
      "dead-carried",
      "dead-in-place",
      ...[0, 1, 2, 3, 4, 5].map((n) => `done-late-${n}`),
      "failed",
      "waiting",
      "waiting-replay",
      "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    ],
    handled: ["failed", "waiting", "waiting-replay"],
    dead: ["dead-carried", "dead-in-place", "quarantined"],
    crashes: 0,
  },
  killed: { pushes: ["done-0", "dead-retried", "waiting"], handled: ["waiting"], dead: ["dead-retried"], crashes: 1 },
};

for (const [name, { pushes, handled, dead, crashes }] of Object.entries(expected)) {
  test(`a ${name} folder of an earlier version opens with every record, and nothing in it is damaged`, async (t) => {
    const dir = copyOf(t, name);
    const before = readdirSync(dir).filter((file) => file.endsWith(".ndjson"));
    const heads: PushHead[] = [];
    const marks: MarkHead[] = [];
    const damages: Damage[] = [];
    const journal = await openJournal(dir, {
      onRecord: ({ head }) => {
        if (head.kind === "push") heads.push(head);
        if (head.kind === "mark") marks.push(head);
      },
      onDamage: (damage) => damages.push(damage),
    });
    t.after(() => journal.close());
    assert.deepEqual(heads.map(nameOf).sort(), [...pushes].sort());
    assert.ok(marks.length >= dead.length);
    assert.deepEqual(damages, []);
    assert.equal(journal.crashes, crashes);
    const { head } = await journal.append({ ...(heads[0] as PushHead), seq: undefined } as never);
    assert.equal((head as PushHead).seq, Math.max(...heads.map(({ seq }) => seq)) + 1);
    assert.deepEqual(
      before.filter((file) => !readdirSync(dir).includes(file)),
      [],
    );
  });

  test(`a ${name} folder of an earlier version is an inbox that continues where it stopped`, async (t) => {
    const dir = copyOf(t, name);
    const receiver = airudder({ key: KEY, inbox: fileInbox(dir, { retries: 0 }), duplicateWindowMs: 1 });
    t.after(() => receiver.close({ timeoutMs: 100 }));
    const seen: string[] = [];
    receiver.on("dialer.agent", (push: Push) => {
      const { agentName } = (push.payload as ReturnType<typeof agentStatus>).pds.body;
      seen.push(String(agentName));
      if (agentName === "waiting-replay") assert.equal(push.replay, "the-replayed-id");
      assert.equal(push.raw.length > 1_000, true);
    });
    await receiver.ready();
    await until(() => seen.length === handled.length);
    await until(() => receiver.stats().inbox?.queued === 0);
    assert.deepEqual([...seen].sort(), handled);

    const listed = await receiver.dead();
    assert.equal(listed.length, dead.length);
    assert.equal(listed.filter(({ state }) => state === "quarantined").length, dead.includes("quarantined") ? 1 : 0);
    for (const { id, state } of listed) if (state === "dead") assert.equal(await receiver.retry(id), true);
    const again = dead.filter((what) => what !== "quarantined");
    await until(() => seen.length === handled.length + again.length);
    assert.deepEqual(seen.slice(handled.length).sort(), again);
    await until(() => receiver.stats().inbox?.queued === 0);
    await receiver.close();

    const last = airudder({ key: KEY, inbox: fileInbox(dir) });
    t.after(() => last.close({ timeoutMs: 100 }));
    last.on("*", (push) => void seen.push(push.id));
    await last.ready();
    assert.equal((await last.dead()).length, dead.includes("quarantined") ? 1 : 0);
    assert.equal(last.stats().inbox?.queued, 0);
    assert.equal(seen.length, handled.length + again.length);
  });
}
