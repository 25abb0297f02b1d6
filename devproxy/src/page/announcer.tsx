import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useLive } from "./context.js";
import { counted } from "./format.js";

const INTERVAL_MS = 5_000;

/** Announces new pushes to screen readers, at most every 5 seconds. */
export function Announcer(): JSX.Element {
  const [text, setText] = useState("");
  const unannounced = useRef({ pushes: 0, failed: 0 });
  useLive((event) => {
    if (event.event === "push") unannounced.current.pushes++;
    if (event.event === "delivery" && event.cause !== "replay" && event.status !== 200) unannounced.current.failed++;
  });
  useEffect(() => {
    const timer = setInterval(() => {
      const { pushes, failed } = unannounced.current;
      if (pushes === 0) return;
      unannounced.current = { pushes: 0, failed: 0 };
      setText(`${counted(pushes, "new push", "new pushes")}${failed > 0 ? `, ${failed} failed` : ""}`);
    }, INTERVAL_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <div class="hidden" aria-live="polite">
      {text}
    </div>
  );
}
