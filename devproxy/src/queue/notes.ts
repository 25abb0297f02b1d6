import type { NoteEvent } from "../events.js";
import type { PendingDelivery } from "./pending-delivery.js";

/** The notes about the delivery of live pushes. */
export const notes = {
  /** @param isSending whether an attempt to deliver the push has not ended */
  acknowledged({ row }: PendingDelivery, isSending: boolean): NoteEvent {
    const name = `#${row.push.seq}`;
    if (!isSending) return note("held", `${name} was acknowledged and waits for the app`);
    return note(
      "late",
      `${name} was acknowledged before the app responded: in production, Airudder would have retried`,
    );
  },

  slow({ row }: PendingDelivery, afterMs: number): NoteEvent {
    const seconds = Math.round(afterMs / 1_000);
    const name = `#${row.push.seq}`;
    return note(
      "slow",
      `${name} has had no response from the app for ${seconds} s. Later pushes of its subject wait for it.`,
    );
  },

  givenUp({ row }: PendingDelivery): NoteEvent {
    const name = `#${row.push.seq}`;
    return note(
      "given_up",
      `${name} is not retried automatically: the app did not complete its response in any attempt, or the push cannot be read. Fix that, then replay it.`,
    );
  },

  givenUpNotRecorded({ row }: PendingDelivery, { message }: Error): NoteEvent {
    return note("not_recorded", `The failure of #${row.push.seq} could not be recorded: ${message}`);
  },

  unreadable({ message }: Error): NoteEvent {
    return note("not_readable", message);
  },

  notStatus200({ row }: PendingDelivery, status: number): NoteEvent {
    const name = `#${row.push.seq}`;
    return note(
      "not_200",
      `${name} got a response with status ${status}, which counts as failed: Airudder retries unless the status is 200`,
    );
  },

  appState(state: "up" | "down", { host }: URL, waitingCount: number): NoteEvent {
    const waiting = waitingCount > 0 ? `; ${waitingCount} waiting` : "";
    return note(`app_${state}`, `app ${state}: ${host}${waiting}`);
  },
};

function note(code: string, message: string): NoteEvent {
  return { event: "note", code, message };
}
