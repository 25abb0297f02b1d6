import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** Room that a menu needs to the right of its button, px. */
const POPOVER_WIDTH = 270;

/** A button that opens a menu. A click elsewhere, a chosen item and Esc close it. */
export function Menu(props: { label: string; class?: string; children: ComponentChildren }): JSX.Element {
  const ref = useRef<HTMLDetailsElement>(null);
  const [isRight, setRight] = useState(false);
  useEffect(() => {
    const close = ({ target }: Event) => {
      if (!ref.current?.contains(target as Node)) ref.current?.removeAttribute("open");
    };
    addEventListener("pointerdown", close);
    addEventListener("focusin", close);
    return () => {
      removeEventListener("pointerdown", close);
      removeEventListener("focusin", close);
    };
  }, []);
  return (
    <details
      ref={ref}
      class={isRight ? "menu right" : "menu"}
      onClick={({ target, currentTarget }) => {
        if ((target as Element).closest(".popover > button") !== null) currentTarget.removeAttribute("open");
        const { left, right } = currentTarget.getBoundingClientRect();
        setRight(left + POPOVER_WIDTH > document.documentElement.clientWidth && right > POPOVER_WIDTH);
      }}
    >
      <summary>{props.label}</summary>
      <div class={`popover ${props.class ?? ""}`}>{props.children}</div>
    </details>
  );
}
