import type { Content } from "airudder-webhooks/journal";
import type { DeliveryEvent } from "../events.js";

const contents = new WeakMap<DeliveryEvent, Content>();

/** Keeps the push's content with an event, so that a reporter can redact its values; it is not part of `--json`. */
export function withContent(event: DeliveryEvent, content: Content): DeliveryEvent {
  contents.set(event, content);
  return event;
}

/** The content of the push that an event is about, unless the event is a copy. */
export function deliveredContent(event: DeliveryEvent): Content | undefined {
  return contents.get(event);
}
