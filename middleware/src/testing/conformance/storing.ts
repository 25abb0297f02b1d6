import type { RecoveredPush, StoredPush } from "../../inbox/inbox.js";
import { storedPush } from "../stored-push.js";
import { expectEqual, nameOf, pushOf, type Rule, recorder, sha256Of } from "./trial.js";

const ODD_BODY = Buffer.from('{ "odd" : "\\/ 1.0 😀" }');
const BINARY_BODY = Buffer.from([0x00, 0xff, 0xfe, 0x0a, 0x80]);

/** A push whose fields all differ from their defaults. */
const fullPush = (): StoredPush =>
  storedPush({
    type: "call.completed",
    receivedAt: new Date("2024-02-29T23:59:59.123Z"),
    url: "/hooks?x=1&y=%20",
    headers: { "content-type": "application/json", "x-list": ["a", "b"] },
    body: ODD_BODY,
    sha256: sha256Of(ODD_BODY),
    reserialised: true,
    verified: true,
    subject: 'call.completed ["task","call"]',
    drift: 2,
    quarantined: true,
    task: "task",
    call: "call",
    workflow: "workflow",
  });

/** The fields that differ, by name. */
function differences(actual: StoredPush, expected: StoredPush): string[] {
  return Object.keys(expected).filter((name) => {
    const [a, b] = [actual[name as keyof StoredPush], expected[name as keyof StoredPush]];
    return JSON.stringify(a) !== JSON.stringify(b);
  });
}

export const storing: readonly Rule[] = [
  {
    name: "a stored push is passed to the consumer with the exact bytes",
    async check(trial) {
      const { consumer, attempts } = recorder();
      const inbox = await trial.open({ consumer });
      const binary = storedPush({ body: BINARY_BODY, sha256: sha256Of(BINARY_BODY) });
      const text = storedPush({ subject: "a", body: ODD_BODY, sha256: sha256Of(ODD_BODY) });
      await trial.put(inbox, text, binary);
      await trial.until("the push is passed to the consumer", () => attempts.length >= 2);
      for (const { id, body } of [text, binary]) {
        const passed = attempts.find(({ push }) => push.id === id);
        if (passed === undefined || !passed.push.body.equals(body))
          throw new Error("The consumer got another id or other bytes.");
      }
    },
  },
  {
    name: "pushes are stored without a consumer, and handled by the next inbox with all their fields",
    async check(trial) {
      const first = await trial.open();
      const stored = fullPush();
      await trial.put(first, stored);
      await trial.close(first);
      const { consumer, attempts } = recorder();
      await trial.open({ keepStorage: true, consumer });
      await trial.until("the stored push is passed to the consumer", () => attempts.length > 0);
      const [passed] = attempts;
      if (passed === undefined || !passed.push.body.equals(stored.body))
        throw new Error("The consumer got another id or other bytes.");
      expectEqual("Fields that changed", differences(passed.push, stored), []);
    },
  },
  {
    name: "open() of an inbox that is open changes nothing",
    async check(trial) {
      const { consumer, handled } = recorder();
      const inbox = await trial.open({ consumer });
      await trial.put(inbox, pushOf("a", "1"));
      await trial.within("the second call of open() resolves", inbox.open({ recovered() {}, failed() {}, dead() {} }));
      await trial.put(inbox, pushOf("a", "2"));
      await trial.until("two pushes are handled", () => handled.length >= 2);
      await trial.settle();
      expectEqual("Handled", [...handled].sort(), ["1", "2"]);
    },
  },
  {
    name: "pushes that are stored in parallel are passed to the consumer once each",
    async check(trial) {
      const { consumer, handled } = recorder((name) => (Number(name) % 2 ? Promise.resolve() : undefined));
      const inbox = await trial.open({ consumer });
      const names = Array.from({ length: 40 }, (_, i) => String(i));
      await Promise.all(names.map((name) => trial.put(inbox, pushOf(`subject ${Number(name) % 5}`, name))));
      await trial.until("40 pushes are handled", () => new Set(handled).size === names.length);
      await trial.settle();
      expectEqual("Handled", [...handled].sort(), [...names].sort());
    },
  },
  {
    name: "stored pushes are reported as recovered before open() resolves, unless put() detects duplicates",
    async check(trial) {
      const first = await trial.open();
      const stored = ["1", "2", "3"].map((name) => pushOf("a", name, { type: "dialer.agent" }));
      await trial.put(first, ...stored);
      await trial.close(first);
      const recovered: RecoveredPush[] = [];
      const second = await trial.open({
        keepStorage: true,
        events: { recovered: (push) => void recovered.push(push) },
      });
      if (second.detectsDuplicates === true) return;
      const values = ({ subject, type, sha256, receivedAt }: RecoveredPush) =>
        [subject, type, sha256.slice(0, 2), receivedAt.toISOString()].join(" ");
      expectEqual("Recovered", recovered.map(values), stored.map(values));
    },
  },
  {
    name: "a push that the consumer ignores is finished",
    async check(trial) {
      const ignoring = recorder(() => "ignored");
      const first = await trial.open({ consumer: ignoring.consumer });
      await trial.put(first, pushOf("a", "ignored"), pushOf("a", "last"));
      await trial.until("two pushes are passed to the consumer", () => ignoring.attempts.length >= 2);
      await trial.settle();
      await trial.close(first);
      const { consumer, attempts } = recorder();
      await trial.open({ keepStorage: true, consumer });
      await trial.settle();
      const passed = [...ignoring.attempts, ...attempts].map(({ push }) => nameOf(push));
      expectEqual("Passed to the consumer", passed, ["ignored", "last"]);
    },
  },
];
