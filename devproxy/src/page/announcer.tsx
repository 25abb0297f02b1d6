import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useLive } from "./context.js";
import { counted } from "./format.js";

const INTERVAL_MS = 5_000;

/** Tells a screen reader about new pushes, at most every 5 seconds. */
export function Announcer(): JSX.Element {
  const [text, setText] = useState("");
  const news = useRef({ pushes: 0, failed: 0 });
  useLive((event) => {
    if (event.event === "push") news.current.pushes++;
    if (event.event === "delivery" && event.cause !== "replay" && event.status !== 200) news.current.failed++;
  });
  useEffect(() => {
    const timer = setInterval(() => {
      const { pushes, failed } = news.current;
      if (pushes === 0) return;
      news.current = { pushes: 0, failed: 0 };
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
